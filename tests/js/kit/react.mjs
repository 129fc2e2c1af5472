/** As much of React as a hook needs: state that renders again, references, and effects with their ends. */

export class React {
  /** @type {Component | null} whose render is running */
  #current = null;

  hooks = {
    useState: (initial) => {
      const component = this.#current;
      const cell = component.cell(() => ({ value: typeof initial === "function" ? initial() : initial }));
      cell.set ??= (next) => {
        const value = typeof next === "function" ? next(cell.value) : next;
        if (Object.is(value, cell.value)) return;
        cell.value = value;
        component.changed();
      };
      return [cell.value, cell.set];
    },
    useRef: (initial) => this.#current.cell(() => ({ current: initial })),
    useEffect: (effect, dependencies) => {
      const cell = this.#current.cell(() => ({ dependencies: null, end: null }));
      const isSame = cell.dependencies?.every((one, index) => Object.is(one, dependencies[index]));
      if (!isSame) this.#current.effects.push({ cell, effect, dependencies });
    },
  };

  /** A component that renders what a hook gives it. */
  mount(hook, ...given) {
    return new Component((component, values) => {
      this.#current = component;
      try {
        return hook(...values);
      } finally {
        this.#current = null;
      }
    }, given);
  }
}

export class Component {
  effects = [];
  renders = 0;
  result = null;
  #cells = [];
  #next = 0;
  #run;
  #given;
  #isMounted = true;
  #isBusy = false;
  #isStale = false;

  constructor(run, given) {
    this.#run = run;
    this.render(...given);
  }

  /** Render with other properties. */
  render(...given) {
    this.#given = given;
    this.changed();
  }

  /** A state has changed: render, unless a render or its effects run, which does it afterwards. */
  changed() {
    if (!this.#isMounted) throw new Error("an unmounted component was told something");
    this.#isStale = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#isStale) {
      this.#isStale = false;
      this.#next = 0;
      this.renders += 1;
      this.result = this.#run(this, this.#given);
      const effects = this.effects.splice(0);
      // All ends first, as React does.
      for (const { cell } of effects) cell.end?.();
      for (const { cell, effect, dependencies } of effects) {
        cell.dependencies = dependencies;
        cell.end = effect() ?? null;
      }
    }
    this.#isBusy = false;
  }

  cell(make) {
    return (this.#cells[this.#next++] ??= make());
  }

  unmount() {
    this.#isMounted = false;
    for (const cell of this.#cells) cell.end?.();
  }
}

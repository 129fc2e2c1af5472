/** Only one tab of a browser compares: the six connections that HTTP/1.1 gives a site are shared by all its tabs. */

const NAME = "tradedash.transports";

/** @typedef {() => void} Release */

/** @returns {Promise<Release | null>} null where another tab has it */
export function claim() {
  return new Promise((resolve) => {
    // Locks need https or localhost. Without them nobody can know of other tabs.
    if (!navigator.locks) return resolve(() => {});
    void navigator.locks.request(NAME, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    });
  });
}

/** @returns {Promise<void>} once no other tab has it */
export async function free() {
  await navigator.locks?.request(NAME, () => {});
}

/** @returns {Promise<boolean>} */
export async function isTaken() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === NAME);
}

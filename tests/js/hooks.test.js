import assert from "node:assert/strict";
import { test } from "node:test";

import { install } from "../../static/ticker/feed/hooks.js";

/** @import { Hooks } from "../../static/ticker/feed/hooks.js" */

const message = { type: "hb" };

test("a mute connection hears nothing until the next one", (t) => {
  /** @type {{__td?: Hooks}} */
  const place = {};
  const tamper = install(place, t.mock.fn());
  const hear = t.mock.fn();
  place.__td?.mute();
  tamper.pass(message, hear);
  assert.equal(hear.mock.callCount(), 0);
  tamper.unmute();
  tamper.pass(message, hear);
  assert.equal(hear.mock.callCount(), 1);
});

test("a delayed message comes later", async () => {
  /** @type {{__td?: Hooks}} */
  const place = {};
  const tamper = install(place, () => {});
  place.__td?.delay(1);
  let isLater = false;
  const heard = new Promise((resolve) => tamper.pass(message, () => resolve(isLater)));
  isLater = true;
  assert.equal(await heard, true);
});

test("a drop is the connection's own affair", (t) => {
  /** @type {{__td?: Hooks}} */
  const place = {};
  const drop = t.mock.fn();
  install(place, drop);
  place.__td?.drop();
  assert.equal(drop.mock.callCount(), 1);
});

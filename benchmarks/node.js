// Native promises and bluebird, in bursts like those of the Python adapters. Driven by node.py: one JSON argument in, one JSON line out.
"use strict";

const { performance } = require("node:perf_hooks");

const asked = JSON.parse(process.argv[2]);
const WARM_UP = 20; // samples that the optimising compiler needs before it settles down

const turn = () => new Promise((resolve) => setImmediate(resolve));
const addOne = (value) => value + 1;
const sum = (values) => values.reduce((total, value) => total + value, 0);

async function arrivals(seen, count) {
  while (seen.length < count) await turn();
  return sum(seen);
}

function pending(P) {
  const made = {};
  made.promise = new P((resolve, reject) => {
    made.resolve = resolve;
    made.reject = reject;
  });
  return made;
}

const many = (P, count) => Array.from({ length: count }, () => pending(P));
const settle = (made) => made.forEach(({ resolve }, value) => resolve(value));
const legacy = (value, callback) => setImmediate(callback, value + 1);

function chainOf(P, count) {
  const root = pending(P);
  let end = root.promise;
  for (let link = 0; link < count; link++) end = end.then(addOne);
  return { root, end };
}

const bursts = {
  async settle(P, count) {
    const seen = [];
    const made = many(P, count);
    for (const { promise } of made) promise.then((value) => seen.push(value));
    settle(made);
    return arrivals(seen, count);
  },
  async chain(P, count) {
    const { root, end } = chainOf(P, count);
    root.resolve(0);
    return end;
  },
  async fan_out(P, count) {
    const seen = [];
    const { promise, resolve } = pending(P);
    for (let handler = 0; handler < count; handler++) promise.then((value) => seen.push(value));
    resolve(1);
    return arrivals(seen, count);
  },
  async await_each(P, count) {
    let total = 0;
    for (let value = 0; value < count; value++) {
      const { promise, resolve } = pending(P);
      setImmediate(resolve, value);
      total += await promise;
    }
    return total;
  },
  async await_many(P, count) {
    const seen = [];
    const made = many(P, count);
    const wait = async (promise) => seen.push(await promise);
    for (const { promise } of made) wait(promise);
    await turn();
    settle(made);
    return arrivals(seen, count);
  },
  async await_settled(P, count) {
    let total = 0;
    for (let value = 0; value < count; value++) total += await P.resolve(value);
    return total;
  },
  async await_again(P, count) {
    const promise = P.resolve(1);
    let total = 0;
    for (let time = 0; time < count; time++) total += await promise;
    return total;
  },
  async all_of(P, count) {
    const made = many(P, count);
    const together = P.all(made.map(({ promise }) => promise));
    settle(made);
    return sum(await together);
  },
  async promisified(P, count) {
    const call = (value) => new P((resolve) => legacy(value, resolve));
    let total = 0;
    for (let value = 0; value < count; value++) total += await call(value);
    return total;
  },
  async adopt(P, count) {
    const seen = [];
    const made = many(P, count);
    for (const { promise } of made) promise.then((value) => P.resolve(value + 1)).then((value) => seen.push(value));
    settle(made);
    return arrivals(seen, count);
  },
  async reject_through(P, count) {
    const seen = [];
    const made = many(P, count);
    for (const { promise } of made) {
      let end = promise;
      for (let link = 0; link < asked.links; link++) end = end.then(addOne);
      end.catch(() => seen.push(1));
    }
    for (const { reject } of made) reject(new TypeError());
    return arrivals(seen, count);
  },
};

const held = {
  hold_pending: (P, count) => many(P, count),
  hold_chain: (P, count) => chainOf(P, count),
};

async function time(P, { name, count, calls, answer }) {
  const start = performance.now();
  for (let call = 0; call < calls; call++) {
    const got = await bursts[name](P, count);
    if (got !== answer) throw new Error(`${name} gave ${got}, not ${answer}`);
  }
  return (performance.now() - start) / 1000 / (calls * count);
}

function bytes(P, { name, count }) {
  // The first lot is held to the end: what the engine makes once is in both readings, and nothing is freed between them.
  const lots = [held[name](P, count)];
  global.gc();
  const before = process.memoryUsage().heapUsed;
  lots.push(held[name](P, count));
  global.gc();
  const after = process.memoryUsage().heapUsed;
  if (lots.some((lot) => lot === null)) throw new Error("not held"); // keeps them in use up to here
  return (after - before) / count;
}

async function main({ rounds, warm, bluebird, scenarios }) {
  const libraries = { native: Promise };
  const versions = { native: process.version };
  if (bluebird) {
    libraries.bluebird = require(bluebird);
    versions.bluebird = require(`${bluebird}/package.json`).version;
  }
  const cells = [];
  for (const scenario of scenarios.filter(({ name }) => name in bursts || name in held)) {
    const columns = Object.keys(libraries).map((library) => ({ scenario: scenario.name, library, samples: [] }));
    for (let round = warm ? -WARM_UP : 0; round < rounds; round++) {
      for (const { library, samples } of columns) {
        if (scenario.name in held && round !== 0) continue; // bytes do not vary
        const sample = scenario.name in held ? bytes : time;
        const taken = await sample(libraries[library], scenario);
        if (round >= 0) samples.push(taken);
      }
    }
    cells.push(...columns);
  }
  console.log(JSON.stringify({ versions, cells }));
}

main(asked);

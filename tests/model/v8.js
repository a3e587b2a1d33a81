'use strict';
// node v8.js: the interpreter of promise programs on native promises. Reads a program a line, writes its log and final
// states, a line too.
const readline = require('readline');
const LIMIT = 200;
process.on('unhandledRejection', () => {});
class Oops extends Error { constructor(kind, number) { super(); this.kind = kind; this.number = number; } }
const THENABLE = Symbol('label');
const VALUES = ['Plain', 'Err', 'Ref', 'Own', 'Arg', 'Thenable'];
function bare(e) {
  if (e instanceof Oops) return e.kind === 'bare' || e.kind === 'interrupt';
  if (e instanceof AggregateError) return e.errors.some(bare);
  return false;
}
const mod = (i, n) => n ? ((i % n) + n) % n : null;
function tryPromise(fn) { return new Promise((resolve) => resolve(fn())); }
function withResolvers() { let resolve, reject; const p = new Promise((a, b) => { resolve = a; reject = b; }); return [p, resolve, reject]; }
// proposal-await-dictionary, PerformPromiseAllKeyed
function keyed(settled, entries) {
  const [promise, resolve, reject] = withResolvers();
  const result = Object.create(null); let remaining = 1;
  const done = () => { if (--remaining === 0) resolve(result); };
  for (const [key, value] of entries) {
    result[key] = undefined;
    const next = Promise.resolve(value);
    remaining++;
    const put = (wrap) => (x) => { result[key] = wrap(x); done(); };
    if (settled) next.then(put((value) => ({status: 'fulfilled', value})), put((reason) => ({status: 'rejected', reason})));
    else next.then(put((x) => x), reject);
  }
  done();
  return promise;
}
class Interp {
  constructor() { this.log = []; this.promises = []; this.pairs = []; this.scripts = 0; this.watching = false; this.final = []; }
  step([name, args]) {
    if (name === 'Watch') { this.watching = true; for (let i = 0; i < this.promises.length; i++) this.watch(i); return; }
    try { this.do([name, args], {pair: null, own: null, arg: undefined}); }
    catch (e) { this.log.push(`raised ${this.describe(e)}`); }
  }
  do([name, a], scope) {
    switch (name) {
      case 'Throw': throw this.exception(a[0], scope);
      case 'Settle': return this.settle(a, scope);
      case 'Then': case 'Catch': case 'Finally': return this.chain(name, a, scope);
      case 'Defer': {
        const slot = this.reserve(); const [p, resolve, reject] = withResolvers();
        this.pairs.push([resolve, reject, slot]); this.fill(slot, p); return;
      }
      case 'Clock': { let p = Promise.resolve(0); for (let t = 1; t <= a[0]; t++) p = p.then((v) => this.write(`tick ${t}`, v)); return; }
      default: { const slot = this.reserve(); this.fill(slot, this.make(name, a, scope, slot)); }
    }
  }
  settle([target, how, value], scope) {
    const n = target === null ? scope.pair : mod(target, this.pairs.length);
    if (n === null) return;
    const [resolve, reject, own] = this.pairs[n];
    scope = {...scope, own};
    if (how === 'resolve') resolve(this.evaluate(value, scope)); else reject(this.exception(value, scope));
  }
  chain(name, a, scope) {
    const n = mod(a[0], this.promises.length);
    const promise = n === null ? null : this.promises[n];
    if (promise === null) return;
    const slot = this.reserve();
    const call = (h, suffix) => h && ((...args) => this.call(this.node(h), `p${slot}.${suffix}`, scope, slot, args.slice(0, 1)));
    const only = (test, f) => f && ((e) => { if (test(e)) return f(e); throw e; });
    const isException = (e) => !bare(e);
    let derived;
    if (name === 'Then') derived = promise.then(call(a[1], 'then'), only(isException, call(a[2], 'rejected')));
    else if (name === 'Catch') {
      const kinds = a[1];
      const test = kinds === null ? isException : kinds.includes('bare') ? () => true : (e) => e instanceof Oops && kinds.includes(e.kind);
      derived = promise.catch(only(test, call(a[2], 'catch')));
    } else { const h = this.node(a[1]); derived = promise.finally(() => this.call(h, `p${slot}.finally`, scope, slot, [])); }
    this.fill(slot, derived);
  }
  node(h) { return Object.values(h)[0]; }
  make(name, a, scope, slot) {
    switch (name) {
      case 'New': return new Promise((resolve, reject) => this.enter(a[0], `p${slot}.executor`, {...scope, own: null}, slot, resolve, reject));
      case 'Make': return a[0] === 'resolve' ? Promise.resolve(this.evaluate(a[1], scope)) : Promise.reject(this.exception(a[1], scope));
      case 'Try': return tryPromise(() => this.call(this.node(a[0]), `p${slot}.try`, scope, null, []));
      case 'Combine': {
        const [how, shape, items] = a; const lazy = this.iterate(items, scope);
        if (how.endsWith('keyed')) { let i = 0; const entries = []; for (const v of lazy) entries.push([`k${i++}`, v]); return keyed(how === 'all_settled_keyed', entries); }
        const method = {all: 'all', all_settled: 'allSettled', any: 'any', race: 'race'}[how];
        return Promise[method](shape === 'lazy' ? lazy : [...lazy]);
      }
    }
    throw new Error('unknown ' + name);
  }
  * iterate(items, scope) {
    for (const item of items) {
      const [[name, args]] = Object.entries(item);
      if (VALUES.includes(name)) yield this.evaluate(item, scope); else this.do([name, args], scope);
    }
  }
  call([body, result], name, scope, own, args) {
    this.log.push(`${name}(${args.map((x) => this.describe(x)).join(', ')})`);
    scope = {...scope, own, arg: args[0]};
    this.execute(body, name, scope);
    return this.evaluate(result, scope);
  }
  lookUp(label, [lookup, body, callable], scope) {
    this.log.push(`${label} looked up`);
    this.execute(lookup, `${label} lookup`, scope);
    return callable ? (resolve, reject) => { this.log.push(`${label} called`); this.enter(body, `${label} call`, scope, null, resolve, reject); } : null;
  }
  enter(body, name, scope, slot, resolve, reject) {
    this.pairs.push([resolve, reject, slot]);
    this.execute(body, name, {...scope, pair: this.pairs.length - 1});
  }
  execute(body, name, scope) {
    if (!body.length || this.log.length >= LIMIT) return;
    try { for (const s of body) this.do(Object.entries(s)[0], scope); } finally { this.log.push(`${name} ends`); }
  }
  evaluate(node, scope) {
    const [[name, a]] = Object.entries(node);
    switch (name) {
      case 'Plain': return a[0];
      case 'Err': return new Oops(a[1], a[0]);
      case 'Ref': { const n = mod(a[0], this.promises.length); return n === null ? null : this.promises[n]; }
      case 'Own': return scope.own === null ? null : this.promises[scope.own];
      case 'Arg': return scope.arg;
      case 'Thenable': {
        const script = a[3] ? new Oops('apple', 0) : {}; const label = `t${++this.scripts}`;
        script[THENABLE] = label;
        Object.defineProperty(script, 'then', {get: () => this.lookUp(label, a, scope)});
        return script;
      }
    }
    throw new Error('unknown ' + name);
  }
  exception(node, scope) { const r = this.evaluate(node, scope); return r instanceof Error ? r : new Oops('apple', 0); }
  reserve() { this.promises.push(null); return this.promises.length - 1; }
  fill(slot, p) { this.promises[slot] = p; if (this.watching) this.watch(slot); }
  watch(slot) {
    if (this.promises[slot] !== null && this.log.length < LIMIT)
      this.promises[slot].then((v) => this.write(`p${slot} fulfilled`, v), (e) => { if (bare(e)) throw e; this.write(`p${slot} rejected`, e); });
  }
  write(text, v) { this.log.push(`${text} ${this.describe(v)}`); }
  describe(v) {
    if (v === null || v === undefined) return 'None';
    if (typeof v === 'number' || typeof v === 'string') return String(v);
    if (v[THENABLE]) return v[THENABLE];
    if (v instanceof Oops) return v.kind + v.number;
    if (v instanceof AggregateError) return v.errors.length ? `group[${v.errors.map((e) => this.describe(e)).join(' ')}]` : 'group[ValueError]';
    if (v instanceof TypeError) return 'TypeError';
    if (Array.isArray(v)) return `[${v.map((x) => this.describe(x)).join(' ')}]`;
    if (v instanceof Promise) return 'Promise';
    if (v.status === 'fulfilled') return `Fulfilled:${this.describe(v.value)}`;
    if (v.status === 'rejected') return `Rejected:${this.describe(v.reason)}`;
    return `{${Object.entries(v).map(([k, x]) => `${k}:${this.describe(x)}`).join(' ')}}`;
  }
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
// Steps until all jobs have to run, or those before the end of a clock: its last job goes on with the steps.
function proceed(interp, steps, index, done) {
  for (; index < steps.length; index++) {
    const [name, args] = Object.entries(steps[index])[0];
    if (name !== 'Drain') { interp.step([name, args]); continue; }
    interp.log.push('drain');
    const [ticks] = args; const next = index + 1;
    if (ticks === 0) continue;
    if (ticks === null) { turn().then(() => proceed(interp, steps, next, done)); return; }
    let clock = Promise.resolve(0);
    for (let t = 1; t < ticks; t++) clock = clock.then();
    clock.then(() => proceed(interp, steps, next, done));
    return;
  }
  done();
}
async function run(program) {
  const interp = new Interp();
  await new Promise((resolve) => proceed(interp, [...program, {Drain: [null]}], 0, resolve));
  const log = interp.log; interp.log = []; // reading states must not show
  const states = interp.promises.map((p, i) => `p${i} ${p === null ? 'not made' : 'pending'} None`);
  interp.promises.forEach((p, i) => p && p.then(
    (v) => { states[i] = `p${i} fulfilled ${interp.describe(v)}`; }, (e) => { states[i] = `p${i} rejected ${interp.describe(e)}`; }));
  await turn();
  return [log, states];
}
(async () => {
  for await (const line of readline.createInterface({input: process.stdin}))
    process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
})();

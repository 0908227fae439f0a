// Fills every form of the corpus with ODK's JavaScript engine and writes what it would send, one JSON line per filling:
//   { form, seed, xml, violations: ["/data/a constraint", …] }  or  { form, seed, error }
// Usage: TZ=Asia/Shanghai node fill.mjs FOLDER OUT.jsonl [FILLINGS]
// The engine needs a DOM to read forms, and globals of CommonJS for its WebAssembly loader.
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JSDOM } from 'jsdom';

const dom = new JSDOM('<!doctype html><html><body></body></html>');
const wanted = ['DOMParser', 'XMLSerializer', 'Node', 'Element', 'Document', 'Attr', 'Text', 'Comment', 'CDATASection', 'ProcessingInstruction', 'DocumentType', 'XMLDocument', 'HTMLElement', 'DocumentFragment', 'XPathResult'];
for (const name of wanted) globalThis[name] ??= dom.window[name];
globalThis.document = dom.window.document;
globalThis.window = globalThis;
globalThis.__dirname = dirname(fileURLToPath(import.meta.resolve('@getodk/xforms-engine')));
globalThis.require = createRequire(import.meta.url);
const { createInstance } = await import('@getodk/xforms-engine');

const [folder, out, fillings = '3'] = process.argv.slice(2);
if (!folder || !out) {
  console.error('usage: node fill.mjs FOLDER OUT.jsonl [FILLINGS]');
  process.exit(2);
}

function files(at) {
  return readdirSync(at).sort().flatMap((name) => {
    const path = join(at, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}
const all = files(folder);
const media = new Map(all.filter((f) => !f.includes('/converted/')).map((f) => [basename(f), f]));

async function fetchFormAttachment(url) {
  const name = basename(decodeURIComponent(url.pathname ?? String(url)));
  const path = media.get(name);
  if (!path) return new Response('', { status: 404 });
  const type = name.endsWith('.csv') ? 'text/csv' : name.endsWith('.geojson') ? 'application/geo+json' : 'text/xml';
  return new Response(readFileSync(path), { status: 200, headers: { 'content-type': type } });
}

// A small seeded generator (mulberry32), so that a run can be repeated.
function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const pick = (random, list) => list[Math.floor(random() * list.length)];

function inputValue(random, type) {
  switch (type) {
    case 'int': return BigInt(pick(random, [0, 1, 2, 3, 7, 18, 42, 130, -5, 2024]));
    case 'decimal': return pick(random, [0, 0.5, 1.25, 3, 36.6, -2.75, 1234.5]);
    case 'date': return pick(random, ['2020-02-29', '1990-06-15', '2031-01-01']);
    case 'dateTime': return pick(random, ['2020-02-29T08:30:00.000+00:00', '1999-12-31T23:59:59.000Z']);
    case 'time': return pick(random, ['08:30:00.000', '23:59:00.000']);
    case 'geopoint': return pick(random, [{ latitude: 30.5221, longitude: 119.6013, altitude: 5, accuracy: 8 }, { latitude: -12, longitude: 45.5, altitude: 0, accuracy: 0 }]);
    case 'geotrace': case 'geoshape': return '30 120 0 0; 30 120.01 0 0; 30.01 120.01 0 0; 30 120 0 0';
    default: return pick(random, ['x', 'Zhang San', '42', 'a b', '7', 'yes', '\u6751']);
  }
}

// A value that the engine does not take is left out; what it throws while computing leaves it half-way.
let threw = false;
function attempt(what, work) {
  try {
    work();
  } catch (error) {
    threw = true;
    if (process.env.QIANWAN_SHOW_TROUBLE) console.error(`${what}: ${error.message}`);
  }
}

function fill(node, random, round) {
  const state = node.currentState;
  if (!state.relevant) return;
  // What is calculated is not typed over: the engine would keep that, other clients calculate again.
  const skip = state.readonly || node.definition?.bind?.calculate != null || random() < 0.2;
  switch (node.nodeType) {
    case 'input': if (!skip) attempt('input', () => node.setValue(inputValue(random, node.valueType))); break;
    case 'select': {
      const values = state.valueOptions.map((o) => o.value);
      if (skip || values.length === 0) break;
      if (node.selectType === 'select1') attempt('select1', () => node.selectValue(pick(random, values)));
      else attempt('select', () => node.selectValues(values.filter(() => random() < 0.4)));
      break;
    }
    case 'rank': if (!skip) attempt('rank', () => node.setValues(state.valueOptions.map((o) => o.value).reverse())); break;
    case 'range': {
      if (skip) break;
      const { min, max, step } = node.definition.bounds ?? {};
      const value = min == null ? undefined : Number(min) + Math.floor(random() * ((Number(max) - Number(min)) / Number(step) + 1)) * Number(step);
      if (value !== undefined) attempt('range', () => node.setValue(node.valueType === 'int' ? BigInt(Math.round(value)) : value));
      break;
    }
    case 'trigger': if (!skip) attempt('trigger', () => node.setValue(true)); break;
    case 'repeat-range:uncontrolled':
    case 'repeat-range':
      if (round === 0) attempt('repeat', () => { const more = Math.floor(random() * 3); if (more > 0 && state.children.length < 20) node.addInstances(state.children.length - 1, more); });
      break;
  }
  for (const child of node.currentState.children ?? []) fill(child, random, round);
}

// The engine under jsdom takes minutes over large forms: a form that takes longer is given up.
const MOST_SECONDS = 20;
const forms = all.filter((path) => {
  if (!path.endsWith('.xml') || path.includes('/instances/')) return false;
  return /<(\w+:)?html[\s>]/.test(readFileSync(path, 'utf8'));
});
const write = (line) => appendFileSync(out, JSON.stringify(line) + '\n');

async function fillForm(path) {
  const text = readFileSync(path, 'utf8');
  const form = relative(folder, path);
  for (let seed = 0; seed < Number(fillings); seed += 1) {
    try {
      const made = await createInstance(text, { form: { fetchFormAttachment, missingResourceBehavior: 'BLANK' } });
      threw = false;
      const random = chance(seed * 7919 + 17);
      // Seed 0 is the form as it opens.
      if (seed > 0) for (let round = 0; round < 3; round += 1) fill(made.root, random, round);
      const violations = made.root.validationState.violations.map((v) => `${v.reference} ${v.violation.condition}`);
      write({ form, seed, xml: made.root.instanceState.instanceXML, violations, ...(threw && { threw }) });
    } catch (error) {
      write({ form, seed, error: String(error?.message ?? error).slice(0, 300) });
      return;
    }
  }
}

// A child fills; its parent starts another behind a form that takes too long, as the engine cannot be interrupted.
if (process.send) {
  for (let n = Number(process.argv[5]); n < forms.length; n += 1) {
    process.send(n);
    await fillForm(forms[n]);
  }
  process.exit(0);
}
writeFileSync(out, '');
let next = 0;
while (next < forms.length) {
  next = await new Promise((done) => {
    const child = fork(fileURLToPath(import.meta.url), [folder, out, fillings, String(next)]);
    let at = next;
    let timer;
    child.on('message', (n) => {
      at = n;
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), MOST_SECONDS * 1000);
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      if (code === 0) return done(forms.length);
      const form = relative(folder, forms[at]);
      console.log(`given up: ${form}`);
      write({ form, seed: 0, error: `took more than ${MOST_SECONDS} s` });
      done(at + 1);
    });
  });
}
console.log(`${forms.length} forms; written to ${out}`);

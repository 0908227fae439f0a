// For development only: serves console/dist and answers docs/http.md from made-up data, so that the console can be worked on
// without the binary. No dependencies. node dev/mock.mjs [port]; sign in with any name and the password 'demo'.
import { createServer } from 'node:http'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as data from './mock/data.mjs'
import { clipLine, clipRing, layer, project } from './mock/mvt.mjs'

const { places, rows, facts, TODAY } = data
const DIST = process.env.DIST ?? fileURLToPath(new URL('../dist', import.meta.url))
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' }
const CSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
const sessions = new Set(['dev'])
const CAPABILITIES = ['read', 'export', 'log.read', 'places.edit', 'places.count', 'problems.report', 'problems.triage', 'problems.work', 'problems.verify', 'problems.answer', 'rules.edit']
const answered = new Map()
const files = new Map()

class Refuse extends Error { constructor(status, type, title, more = {}) { super(title); this.document = { type: `/errors/${type}`, title, status, ...more } } }
const need = (ok, status, type, title, more) => { if (!ok) throw new Refuse(status, type, title, more) }

// ---- columns and rows ----------------------------------------------------------------------------------------------------------
const col = (name, type, filter = 'none', sort = false, group = false) => ({ name, type, filter, sort, group })
const VIEWS = {
  problems: [col('number', 'text', 'equals'), col('place', 'place', 'equals'), col('field', 'text', 'equals', false, true), col('state', 'text', 'equals', false, true), col('open', 'bool', 'equals', false, true), col('due', 'day', 'range', true), col('reported_on', 'day', 'range', true), col('channel', 'text', 'equals', false, true), col('post_place', 'place', 'equals'), col('post_role', 'text', 'equals', false, true), col('reopened', 'int', 'range'), col('escalated_to', 'place', 'equals', false, true), col('verified_on', 'day', 'range'), col('withheld', 'bool', 'equals', false, true)],
  places: [col('code', 'text', 'equals', true), col('name', 'text', 'none', true), ...['level', 'kind', 'class', 'grade', 'stage'].map((c) => col(c, 'text', 'equals', false, true)), col('parent', 'place', 'equals'), col('households_registered', 'int', 'range', true), col('shrunk', 'bool', 'equals', false, true), col('closed', 'bool', 'equals', false, true)],
  counts: [col('what', 'text', 'equals', false, true), col('value', 'int', 'range'), col('on', 'day', 'range', true)],
  topics: [col('place', 'place', 'equals'), col('state', 'text', 'equals', false, true), col('field', 'text', 'equals', false, true), col('proposed_on', 'day', 'range', true)],
  rules: [col('place', 'place', 'equals'), col('rule', 'text', 'equals', true, true), col('from', 'day', 'range', true)],
}
const OPEN = ['reported', 'assigned', 'claimed']
const unanswered = (r) => { const e = r.escalations?.at(-1); return e && !e.answer && OPEN.includes(r.state.is) ? e : null }
const clock = (r) => (r.state?.due ? unanswered(r)?.answer_by ?? r.state.due : null)
const overdue = (r) => clock(r) !== null && clock(r) < TODAY
const columnOf = (view, r, key, name) => {
  if (name === 'state') return r.state?.is ?? null
  if (view === 'problems') {
    if (name === 'open') return OPEN.includes(r.state.is) ? 1 : 0
    if (name === 'due') return clock(r)
    if (name === 'reported_on') return data.iso(r.reported_ms)
    if (name === 'verified_on') return r.verified_ms ? data.iso(r.verified_ms) : null
    if (name === 'post_place') return r.state.post?.place ?? null
    if (name === 'post_role') return r.state.post?.role ?? null
    if (name === 'escalated_to') return unanswered(r)?.to.place ?? null
    if (name === 'withheld') return r.withheld ? 1 : 0
  }
  if (name === 'proposed_on') return data.iso(r.proposed_ms)
  if (view === 'places' && name === 'parent') return r.within.at(-1) ?? null
  if (view === 'places' && name === 'shrunk') return Object.values(r.counts).some((c) => c.shrunk_from) ? 1 : 0
  if (view === 'places' && name === 'closed') return r.closed ? 1 : 0
  if (view === 'places' && r.counts[name]) return r.counts[name].value
  return r[name] ?? null
}
const tableOf = (view) => { if (view === 'counts') return data.countRows; need(rows[view], 404, 'not-found', '没有这个视图'); return rows[view] }
const placeOf = (view, key, r) => (view === 'places' ? Number(key) : r.place)
const present = (view, key) => {
  const r = tableOf(view).get(key), id = placeOf(view, key, r)
  return { key, row: r, place: data.ref(id) }
}
function select(view, q) {
  const within = q.get('place') ? data.below(Number(q.get('place'))) : null
  const words = (q.get('q') ?? '').trim().toLowerCase()
  const tests = []
  for (const c of VIEWS[view]) {
    if (q.has(c.name) && c.name !== 'place') { const set = q.get(c.name).split(','); tests.push((r, k) => set.includes(String(columnOf(view, r, k, c.name)))) }
    const from = q.get(`${c.name}.from`), to = q.get(`${c.name}.to`)
    const num = (v) => (['ms', 'int'].includes(c.type) ? Number(v) : v)
    if (from) tests.push((r, k) => columnOf(view, r, k, c.name) !== null && columnOf(view, r, k, c.name) >= num(from))
    if (to) tests.push((r, k) => columnOf(view, r, k, c.name) !== null && columnOf(view, r, k, c.name) <= num(to))
  }
  const known = new Set(['place', 'q', 'overdue', 'sort', 'limit', 'after', 'count', 'by', 'sum', 'lang', ...VIEWS[view].flatMap((c) => [c.name, `${c.name}.from`, `${c.name}.to`])])
  for (const k of q.keys()) need(known.has(k), 422, 'query/unknown-parameter', `不认识的条件：${k}`, { args: { name: k } })
  if (q.get('overdue') === '1') tests.push((r) => overdue(r))
  let out = [...tableOf(view).entries()].filter(([k, r]) => (!within || within.has(placeOf(view, k, r))) && tests.every((t) => t(r, k)) && (!words || [r.name, r.code, r.text, r.number, r.title, data.ref(placeOf(view, k, r))?.name].some((v) => v && String(v).toLowerCase().includes(words))))
  const sort = q.get('sort')
  if (sort) {
    const name = sort.replace(/^-/, ''), sign = sort.startsWith('-') ? -1 : 1, c = VIEWS[view].find((x) => x.name === name)
    need(c?.sort, 422, 'query/not-sortable', `不能按 ${name} 排序`)
    out.sort(([ka, a], [kb, b]) => { const x = columnOf(view, a, ka, name), y = columnOf(view, b, kb, name); return x === y ? 0 : x === null ? 1 : y === null ? -1 : (x < y ? -1 : 1) * sign })
  }
  return out.map(([k]) => k)
}
const clean = (q, ...drop) => { const p = new URLSearchParams(q); for (const d of drop) p.delete(d); return p }
function list(view, q) {
  const keys = select(view, q), limit = Math.min(Number(q.get('limit') ?? 50), 200), start = q.get('after') ? keys.indexOf(Buffer.from(q.get('after'), 'base64url').toString()) + 1 : 0
  const page = keys.slice(start, start + limit)
  return { rows: page.map((k) => present(view, k)), next: start + limit < keys.length ? Buffer.from(page.at(-1)).toString('base64url') : null, ...(q.get('count') === '1' ? { count: Math.min(keys.length, 10000), ...(keys.length > 10000 ? { count_capped: true } : {}) } : {}) }
}
function groups(view, q) {
  const by = (q.get('by') ?? '').split(','), top = Number(q.get('place') ?? 1), counts = new Map()
  const children = [...places.values()].filter((p) => p.parent === top), childOf = new Map(children.flatMap((c) => [...data.below(c.id)].map((id) => [id, c.id])))
  for (const k of select(view, clean(q, 'by'))) {
    const r = tableOf(view).get(k)
    const keys = by.map((b) => (b === 'child' ? childOf.get(placeOf(view, k, r)) ?? null : columnOf(view, r, k, b)))
    const id = JSON.stringify(keys); counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return { groups: [...counts].map(([id, count]) => { const keys = JSON.parse(id); return { keys, labels: keys.map((k, i) => (by[i] === 'child' && k !== null ? places.get(k).name : String(k ?? ''))), count } }).sort((a, b) => b.count - a.count) }
}
const factOut = ({ view, key, ...f }) => ({ ...f, subject: `${view.replace(/s$/, '')}:${key}`, place: data.ref(data.placeIdOf(view, key, rows[view].get(key))) })
function may(view, key) {
  const r = rows[view].get(key)
  if (view === 'places') return ['places.rename', 'places.recode', 'places.locate', ...(r.level === 'village' ? ['places.classify', 'places.grade', 'places.enter_stage', 'places.count', 'places.close'] : ['places.count']), 'problems.report', 'topics.propose']
  if (view === 'topics') return r.state.is === 'open' ? ['topics.conclude'] : []
  if (view === 'rules') return ['rules.set']
  if (view !== 'problems') return []
  const s = r.state.is, always = [r.withheld ? 'problems.show' : 'problems.withhold']
  const open = ['problems.reclassify', ...(s === 'claimed' ? [] : ['problems.merge']), unanswered(r) ? 'problems.answer_escalation' : 'problems.escalate']
  return { reported: ['problems.assign', 'problems.dismiss', ...open, ...always], assigned: ['problems.diagnose', 'problems.claim_fix', 'problems.assign', 'problems.dismiss', ...open, ...always], claimed: ['problems.verify_fix', 'problems.reject_fix', ...open, ...always], verified: ['problems.reopen', ...always], confirmed: ['problems.reopen', ...always], dismissed: ['problems.reopen', ...always], merged: ['problems.unmerge'] }[s]
}

// ---- indicators ----------------------------------------------------------------------------------------------------------------
const INDICATORS = {
  problems_open: { unit: 'count', better: 'less', q: 'open=1', value: (k, r) => (OPEN.includes(r.state.is) ? 1 : 0) },
  problems_overdue: { unit: 'count', better: 'less', q: 'overdue=1', value: (k, r) => (overdue(r) ? 1 : 0) },
  problems_reported_year: { unit: 'count', better: 'neither', q: '', value: () => 1 },
  problems_confirmed_share: { unit: 'percent', better: 'more', q: 'state=confirmed', value: (k, r) => (r.state.is === 'confirmed' ? 1 : 0), share: true },
}
const indicatorCache = new Map()
function indicatorValue(name, id) {
  const cacheKey = `${name}/${id}/${facts.length}`
  if (indicatorCache.has(cacheKey)) return indicatorCache.get(cacheKey)
  const ind = INDICATORS[name], within = data.below(id)
  let n = 0, d = 0
  for (const [k, r] of rows.problems) if (within.has(r.place)) { d++; n += ind.value(k, r) }
  const none = places.get(id).level === 'village' && id % 23 === 0
  const out = none ? { value: null, numerator: null, denominator: null, missing: id % 2 ? 'not-asked' : 'unknown' } : ind.share ? { value: d ? Math.round((n * 10000) / d) : null, numerator: n, denominator: d, missing: d ? null : 'no-denominator' } : { value: n, numerator: n, denominator: null, missing: null }
  indicatorCache.set(cacheKey, out)
  return out
}

// ---- commands ------------------------------------------------------------------------------------------------------------------
const WHO = { actor: 'office', name: data.PEOPLE.office }
const text = (c, f, max = 500) => { const v = String(c[f] ?? '').trim(); need(v !== '', 422, 'bad-input', '有一项没有填写', { findings: [{ field: f, reason: 'missing', message: '请填写这一项' }] }); need(v.length <= max, 422, 'bad-input', '太长', { findings: [{ field: f, reason: 'too-long', message: `不超过 ${max} 字` }] }); return v }
const photosOf = (c) => (c.photos ?? []).map((p) => (typeof p === 'string' ? { file: p } : p))
function act(c) {
  const at = Date.now(), [room] = c.type.split('.')
  const write = (view, key, kind, set, body = c) => { const f = data.record(view, key, kind, { at, ...WHO, body, set }); return { subject: `${view.slice(0, -1)}:${key}`, facts: [{ chain: f.chain, seq: f.seq, kind: f.kind }], repeated: false } }
  if (c.type === 'problems.report') {
    need(places.has(c.place), 422, 'bad-input', '没有这个地方', { findings: [{ field: 'place', reason: 'unknown-place', message: '请选择一个地方' }] })
    need(data.ref(c.place).level === 'village', 409, 'problems/not-a-village', '问题要登记到村', { detail: '请在地方一栏选到村一级。', findings: [{ field: 'place', reason: 'not-a-village', message: '请选到村一级' }] })
    const key = c.id ?? crypto.randomUUID()
    return write('problems', key, 'problem.reported', { id: key, org: 999001, number: `999001-${4001 + rows.problems.size}`, place: c.place, field: text(c, 'field'), text: text(c, 'text', 1000), position: c.position ?? null, photos: photosOf(c), channel: 'official', reporter: { is: 'account', account: 'office' }, reported_ms: c.found_ms ?? at, state: { is: 'reported' }, diagnosis: null, claim: null, escalations: [], absorbed: [], reopened: 0, verified_ms: null, withheld: null })
  }
  if (room === 'problems') {
    const r = rows.problems.get(c.problem)
    need(r, 403, 'out-of-scope', '不在你的范围内')
    need(may('problems', c.problem).includes(c.type), 409, `problems/not-now`, '现在不能这样办', { detail: `问题目前的状态是「${r.state.is}」。`, args: { state: r.state.is } })
    const post = r.state.post ?? { place: r.place, role: 'village' }, toAssigned = { is: 'assigned', post, due: data.iso(at + 7 * 86_400_000) }
    const P = (kind, set) => write('problems', c.problem, `problem.${kind}`, set)
    switch (c.type) {
      case 'problems.assign': { const due = c.due ?? data.iso(at + 14 * 86_400_000); need(due >= TODAY, 409, 'problems/due-in-the-past', '期限已经过去', { detail: '期限不能早于今天。', findings: [{ field: 'due', reason: 'in-the-past', message: '期限不能早于今天' }] }); return P('assigned', { state: { is: 'assigned', post: c.post ?? post, due } }) }
      case 'problems.dismiss': return P('dismissed', { state: { is: 'dismissed', reason: text(c, 'reason') } })
      case 'problems.diagnose': return P('diagnosed', { diagnosis: { cause: text(c, 'cause'), measure: text(c, 'measure') } })
      case 'problems.claim_fix': need(photosOf(c).length > 0, 409, 'problems/no-evidence', '报告整改至少要一张照片', { findings: [{ field: 'photos', reason: 'no-evidence', message: '请附上整改后的照片' }] }); return P('fix_claimed', { claim: { text: text(c, 'text'), photos: photosOf(c), post, verify_by: toAssigned.due }, state: { is: 'claimed', post, due: toAssigned.due, claimed_ms: at, by: 'office' } })
      case 'problems.verify_fix': need(!String(c.note ?? '').includes('拒'), 409, 'problems/not-the-verifier', '不能核实自己报告的整改', { detail: '核实人须与报告整改的人不同。' }); return P('fix_verified', { state: { is: 'verified', post, verified_ms: at, by: 'office' }, verified_ms: at })
      case 'problems.reject_fix': return P('fix_rejected', { state: toAssigned, reopened: r.reopened + (text(c, 'reason') ? 1 : 0) })
      case 'problems.reopen': text(c, 'reason'); return P('reopened', { state: toAssigned, reopened: r.reopened + 1 })
      case 'problems.merge': { need(c.into !== c.problem, 409, 'problems/merge-into-itself', '不能并入自己'); const other = rows.problems.get(c.into); need(other, 422, 'bad-input', '没有这个问题', { findings: [{ field: 'into', reason: 'unknown-problem', message: '没有找到这个编号' }] }); return P('merged', { state: { is: 'merged', into: c.into, before: r.state } }) }
      case 'problems.unmerge': text(c, 'reason'); return P('unmerged', { state: r.state.before ?? { is: 'reported' } })
      case 'problems.escalate': return P('escalated', { escalations: [...r.escalations, { to: { place: 1, role: 'head' }, on_ms: at, answer_by: data.iso(at + 5 * 86_400_000), answer: null }] })
      case 'problems.answer_escalation': return P('escalation_answered', { escalations: [...r.escalations.slice(0, -1), { ...r.escalations.at(-1), answer: { text: text(c, 'text'), on_ms: at, by: WHO.name } }] })
      case 'problems.reclassify': text(c, 'reason'); return P('reclassified', { ...(c.field ? { field: c.field } : {}), ...(c.place ? { place: c.place } : {}) })
      case 'problems.withhold': return P('withheld', { withheld: text(c, 'reason') })
      case 'problems.show': text(c, 'reason'); return P('shown', { withheld: null })
    }
  }
  if (room === 'places') {
    const r = rows.places.get(String(c.place)); need(r, 403, 'out-of-scope', '不在你的范围内')
    const P = (kind, set) => write('places', String(c.place), `place.${kind}`, set)
    switch (c.type) {
      case 'places.rename': text(c, 'document'); places.get(c.place).name = c.name; return P('renamed', { name: text(c, 'name', 60), former_names: [...r.former_names, r.name] })
      case 'places.recode': need(/^\d{12}$/.test(c.code), 422, 'bad-input', '代码应为十二位数字', { findings: [{ field: 'code', reason: 'bad-code', message: '代码应为十二位数字' }] }); text(c, 'document'); places.get(c.place).code = c.code; return P('recoded', { code: c.code, former_codes: [...r.former_codes, { code: r.code, until: c.from }] })
      case 'places.classify': text(c, 'document'); return P('classified', { class: c.class })
      case 'places.grade': text(c, 'document'); return P('graded', { grade: c.grade })
      case 'places.enter_stage': text(c, 'document'); return P('stage_entered', { stage: c.stage })
      case 'places.count': need(Number.isInteger(c.value) && c.value >= 0, 422, 'bad-input', '请填写整数', { findings: [{ field: 'value', reason: 'not-an-integer', message: '请填写不小于零的整数' }] }); return P('counted', data.counted(r, c.what, c.value, c.on, c.method))
      case 'places.locate': return P('located', { position: c.position })
      case 'places.close': text(c, 'document'); return P('closed', { closed: { on: c.on, into: c.into } })
    }
  }
  if (c.type === 'topics.propose') return write('topics', crypto.randomUUID(), 'topic.proposed', { title: text(c, 'title'), place: c.place, field: c.field, problems: c.problems, state: { is: 'open' }, proposed_ms: at })
  if (c.type === 'topics.conclude') return write('topics', c.topic, 'topic.concluded', { state: { is: 'concluded', outcome: text(c, 'outcome'), on_ms: at } })
  if (c.type === 'rules.set') { text(c, 'reason'); need(c.from >= TODAY, 409, 'rules/in-the-past', '规则不能早于今天生效', { findings: [{ field: 'from', reason: 'in-the-past', message: '不能早于今天' }] }); const key = `${c.place}/${c.rule}`, r = rows.rules.get(key); return write('rules', key, 'rule.set', { place: c.place, rule: c.rule, versions: [...(r?.versions ?? []), { from: c.from, rule: c.rule, value: c.value, reason: c.reason }] }) }
  throw new Refuse(422, 'bad-input', '不认识的命令', { args: { type: c.type } })
}

// ---- HTTP ----------------------------------------------------------------------------------------------------------------------
const routes = [
  ['GET', /^\/api\/session$/, () => ({ installation: '青溪县（演示数据）', today: TODAY, account: { id: 'office', name: 'office', display: '林知秋' }, posts: [{ place: data.ref(1), role: 'office' }], capabilities: CAPABILITIES, home: data.ref(1), csrf: 'dev' })],
  ['GET', /^\/api\/views$/, () => Object.entries(VIEWS).map(([view, columns]) => ({ view, columns }))],
  ['GET', /^\/api\/rows\/(\w+)$/, (m, q) => list(m[1], (need(VIEWS[m[1]], 404, 'not-found', '没有这个视图'), q))],
  ['GET', /^\/api\/rows\/(\w+)\/([^/]+)$/, (m) => { const k = decodeURIComponent(m[2]); need(tableOf(m[1]).has(k), 403, 'out-of-scope', '不在你的范围内'); return { ...present(m[1], k), may: may(m[1], k) } }],
  ['GET', /^\/api\/groups\/(\w+)$/, (m, q) => groups(m[1], q)],
  ['GET', /^\/api\/history\/(\w+)$/, (m, q) => { const keys = new Set(select(m[1], clean(q, 'limit', 'before'))), before = q.get('before') ? Number(q.get('before')) : Infinity, limit = Number(q.get('limit') ?? 50), all = facts.filter((f) => f.view === m[1] && keys.has(f.key) && f.seq < before).sort((a, b) => b.seq - a.seq); const page = all.slice(0, limit); return { facts: page.map(factOut).map(({ changed, ...f }) => ({ ...f, body: Object.fromEntries(changed.filter((c) => c.field !== 'id' && c.field !== 'org').map((c) => [c.field, c.after])) })), next: all.length > limit ? String(page.at(-1).seq) : null } }],
  ['GET', /^\/api\/history\/(\w+)\/([^/]+)$/, (m) => ({ facts: facts.filter((f) => f.view === m[1] && f.key === decodeURIComponent(m[2])).map(factOut) })],
  ['GET', /^\/api\/indicators$/, () => Object.entries(INDICATORS).map(([name, i]) => ({ name, unit: i.unit, better: i.better, levels: ['village', 'township', 'county'] }))],
  ['GET', /^\/api\/indicators\/(\w+)$/, (m, q) => { const ind = INDICATORS[m[1]]; need(ind, 404, 'not-found', '没有这个指标'); const top = Number(q.get('place') ?? 1), level = q.get('level') ?? 'child'; const ids = [...data.below(top)].filter((id) => (level === 'child' ? places.get(id).parent === top : places.get(id).level === level)); return { unit: ind.unit, values: ids.map((id) => ({ place: data.ref(id), ...indicatorValue(m[1], id), from: `/api/rows/problems?place=${id}${ind.q ? `&${ind.q}` : ''}` })) } }],
  ['GET', /^\/api\/places\/(\d+)\/dossier$/, (m) => { const p = places.get(Number(m[1])); need(p, 403, 'out-of-scope', '不在你的范围内'); const q = new URLSearchParams({ place: m[1], limit: '20', sort: '-reported_on' }), l = list('problems', q), tq = list('topics', new URLSearchParams({ place: m[1] })); return { place: { ...present('places', m[1]), may: may('places', m[1]) }, ancestors: data.pathOf(p).slice(0, -1).map((x) => data.ref(x.id)), children: [...places.values()].filter((x) => x.parent === p.id).map((x) => data.ref(x.id)), sections: [{ room: 'problems', view: 'problems', columns: ['number', 'field', 'state', 'reported_on', 'due'], rows: l.rows, more: l.next !== null }, ...(tq.rows.length ? [{ room: 'problems', view: 'topics', columns: ['title', 'field', 'state', 'proposed_on'], rows: tq.rows, more: false }] : [])] } }],
  ['GET', /^\/api\/places\/(\d+)\/duplicates$/, (m, q) => { const lon = Number(q.get('lon_e7')), lat = Number(q.get('lat_e7')); return { candidates: !lon ? [] : [...rows.problems].filter(([, r]) => r.field === q.get('field') && r.position && !['confirmed', 'dismissed', 'merged'].includes(r.state.is)).map(([key, r]) => ({ key, distance_m: Math.round(Math.hypot((r.position.lon_e7 - lon) * 0.00968, (r.position.lat_e7 - lat) * 0.01113)), row: r })).filter((c) => c.distance_m < 300).sort((a, b) => a.distance_m - b.distance_m).slice(0, 6) } }],
  ['GET', /^\/api\/today$/, () => { const one = (name, query) => { const q = new URLSearchParams(query); const l = list('problems', new URLSearchParams([...q, ['limit', '20'], ['count', '1']])); return { name, query: `/api/rows/problems?${q}`, count: l.count, rows: l.rows } }; return { lists: [one('to_triage', 'state=reported&sort=reported_on'), one('overdue', 'overdue=1&sort=due'), one('to_verify', 'state=claimed&sort=due'), { ...one('mine', 'state=assigned&field=housing&sort=due'), name: 'to_answer' }, { name: 'reopened', query: '/api/rows/problems?state=assigned&field=culture', count: 0, rows: [] }] } }],
  ['GET', /^\/api\/topics\/candidates$/, (m, q) => { const place = Number(q.get('place') ?? 1), since = data.addDays(TODAY, -180), fields = new Map(); for (const k of select('problems', new URLSearchParams({ place, 'reported_on.from': since }))) { const r = rows.problems.get(k), f = fields.get(r.field) ?? { villages: new Set(), problems: [] }; f.villages.add(r.place); f.problems.push(k); fields.set(r.field, f) } return { candidates: [...fields].map(([field, f]) => ({ field, villages: f.villages.size, count: f.problems.length, problems: f.problems.slice(0, 200), place, query: `/api/rows/problems?place=${place}&field=${field}&reported_on.from=${since}`, since })).filter((c) => c.villages >= 8).sort((a, b) => b.villages - a.villages), villages_min: 8, days: 180 } }],
  ['GET', /^\/api\/map$/, (m, q) => { const ring = data.outlines.get(Number(q.get('place') ?? 1)); return { bounds: [Math.min(...ring.map((p) => p[0])), Math.min(...ring.map((p) => p[1])), Math.max(...ring.map((p) => p[0])), Math.max(...ring.map((p) => p[1]))], layers: ['outlines', 'villages', 'base'], minzoom: 5, maxzoom: 15 } }],
  ['GET', /^\/api\/facts$/, (m, q) => { const before = q.get('after') ? Number(q.get('after')) : Infinity, page = facts.filter((f) => f.seq < before).slice(-50).reverse(); return { facts: page.map(factOut), next: page.length === 50 ? String(page.at(-1).seq) : null } }],
  ['GET', /^\/api\/chains$/, () => ({ chains: [{ chain: '999001/main', size: facts.length, head: facts.at(-1).hash, recorded_ms: facts.at(-1).recorded_ms, checkpoints: [1, 2, 3, 4, 5].map((d) => { const f = facts[facts.length - d * 7]; return { size: f.seq, note: `qianwan/999001/main\n${f.seq}\n${Buffer.from(f.hash, 'hex').toString('base64')}\n`, at_ms: Date.parse(`${TODAY}T00:05:00+08:00`) - d * 86_400_000 } }) }, { chain: '999001/audit', size: 1204, head: createHash('sha256').update('audit').digest('hex'), recorded_ms: Date.now(), checkpoints: [] }] })],
]

function tile(name, z, x, y, q) {
  const to = project(z, x, y), level = q.get('level') ?? (z >= 11 ? 'village' : 'township'), features = []
  const valueOf = (id) => (INDICATORS[q.get('indicator')] ? indicatorValue(q.get('indicator'), id).value : null)
  if (name === 'outlines') for (const [id, ring] of data.outlines) {
    const p = places.get(id)
    const path = clipRing(ring.map(to)); if (path.length < 3) continue
    features.push({ type: 'polygon', paths: [path], properties: { id, level: p.level, name: p.name, value: valueOf(id) } })
  }
  if (name === 'villages') for (const [key, r] of rows.places) {
    if (r.level !== 'village' || !r.position) continue
    const at = to([r.position.lon_e7 / 1e7, r.position.lat_e7 / 1e7]); if (at[0] < -64 || at[0] > 4160 || at[1] < -64 || at[1] > 4160) continue
    features.push({ type: 'point', paths: [[at]], properties: { id: Number(key), class: r.class ?? 'undetermined', count: 1, value: valueOf(Number(key)), ...(z >= 11 ? { name: r.name } : {}) } })
  }
  if (name === 'base') for (const b of data.baseLines) { const paths = clipLine(b.line.map(to)); if (paths.length) features.push({ type: 'line', paths, properties: { kind: b.kind } }) }
  return Buffer.from(layer(name, features))
}
const photo = (hash) => { const h = parseInt(hash.slice(0, 2), 16); return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="hsl(${90 + h / 4} 12% 72%)"/><path d="M0 ${170 + h / 6} 120 ${90 + h / 5} 210 190 300 ${110 + h / 7} 400 200V300H0z" fill="hsl(${120 + h / 5} 16% 48%)"/><path d="M0 250 400 ${220 + h / 8}V300H0z" fill="hsl(60 10% 55%)"/></svg>` }
const LOGIN = '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>登录（开发用）</title><body><h1>登录（开发用）</h1><form method="post"><label>口令 <input name="password" type="password" value="demo"></label> <button>登录</button></form></body></html>'

const read = async (req) => { const chunks = []; for await (const c of req) chunks.push(c); return Buffer.concat(chunks) }
export const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://localhost'), path = url.pathname, q = url.searchParams
  const headers = { 'Qianwan-Demo': '1', 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin' }
  const send = (status, type, body, more = {}) => { res.writeHead(status, { ...headers, 'Content-Type': type, ...more }); res.end(body) }
  const json = (status, value) => send(status, status >= 400 ? 'application/problem+json' : 'application/json', JSON.stringify(Array.isArray(value) ? value : { demo: true, ...value }))
  try {
    if (path === '/healthz') return send(200, 'text/plain', 'ok (mock)')
    if (path === '/login' && req.method === 'POST') { await read(req); return send(303, 'text/plain', '', { Location: q.get('next') ?? '/console/', 'Set-Cookie': 'qw_session=dev; Path=/; HttpOnly; SameSite=Lax' }) }
    if (path === '/login') return send(200, 'text/html; charset=utf-8', LOGIN)
    if (path.startsWith('/api/')) {
      const session = /qw_session=(\w+)/.exec(req.headers.cookie ?? '')?.[1]
      need(sessions.has(session) || path === '/api/session' && req.method === 'POST', 401, 'sign-in/needed', '请先登录')
      if (req.method !== 'GET' && req.method !== 'HEAD') need(req.headers['x-qianwan'] === '1', 403, 'cross-site', '缺少请求头 X-Qianwan')
      if (process.env.SLOW) await new Promise((r) => setTimeout(r, Number(process.env.SLOW)))
      if (req.method === 'DELETE' && path === '/api/session') return send(204, 'text/plain', '', { 'Set-Cookie': 'qw_session=; Path=/; Max-Age=0' })
      if (req.method === 'POST' && path === '/api/commands') {
        const { id, command } = JSON.parse(await read(req))
        need(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), 422, 'bad-input', '命令编号应为 UUID v7')
        const content = JSON.stringify(command), before = answered.get(id)
        if (before) { need(before.content === content, 409, 'command-id-reused', '命令编号已用于别的内容'); return json(200, { ...before.answer, repeated: true }) }
        const answer = act(command); answered.set(id, { content, answer }); return json(200, answer)
      }
      if (req.method === 'POST' && path === '/api/files') { const body = await read(req); const hash = createHash('sha256').update(body).digest('hex'); files.set(hash, true); return json(200, { hash, type: 'image/jpeg', bytes: body.length, taken_ms: null, position: null }) }
      const file = /^\/api\/files\/([0-9a-f]+)$/.exec(path); if (file) return send(200, 'image/svg+xml', photo(file[1]))
      const t = /^\/api\/tiles\/(\w+)\/(\d+)\/(\d+)\/(\d+)\.mvt$/.exec(path); if (t) return send(200, 'application/vnd.mapbox-vector-tile', tile(t[1], +t[2], +t[3], +t[4], q))
      const ex = /^\/api\/export\/(\w+)\.(csv|xlsx)$/.exec(path); if (ex) return send(200, 'text/csv; charset=utf-8', '\uFEFF演示数据\n' + select(ex[1], q).join('\n'), { 'Content-Disposition': `attachment; filename=${ex[1]}.csv` })
      for (const [method, pattern, run] of routes) { const m = method === req.method && pattern.exec(path); if (m) return json(200, run(m, q)) }
      throw new Refuse(404, 'not-found', '没有这个地址')
    }
    if (/^\/v\/\w+\/poster\.svg$/.test(path)) return send(200, 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M1 1h3v3H1zM6 1h3v3H6zM1 6h3v3H1z"/></svg>')
    if (path === '/') return send(302, 'text/plain', '', { Location: '/console/' })
    if (path.startsWith('/console')) {
      const rest = normalize(path.slice('/console'.length)).replace(/^(\.\.[/\\])+/, ''), asset = rest !== '/' && extname(rest) !== ''
      const bytes = await readFile(join(DIST, asset ? rest : 'index.html')).catch(() => null)
      if (!bytes) return send(404, 'text/plain', asset ? 'not found' : 'run npm run build first')
      return send(200, TYPES[asset ? extname(rest) : '.html'] ?? 'application/octet-stream', bytes, { 'Cache-Control': asset ? 'public, max-age=31536000, immutable' : 'no-cache' })
    }
    send(404, 'text/plain', 'not found')
  } catch (error) {
    if (error instanceof Refuse) return json(error.document.status, error.document)
    console.error(error)
    json(500, { type: '/errors/accident', title: '出了意外', status: 500, id: 'mock' })
  }
})
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.argv[2] ?? process.env.PORT ?? 8099)
  server.listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${server.address().port}/console/`))
}

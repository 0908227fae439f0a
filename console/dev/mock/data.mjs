// A made-up county for development: 青溪县, codes 999001…, 12 townships, 200 villages, about 800 problems, all with their facts.
// Nothing here is real. Rows are folded from facts, so that history, figures and rows agree.
import { createHash } from 'node:crypto'

export const TODAY = '2026-11-23'
const NOW = Date.parse(`${TODAY}T10:30:00+08:00`)
const DAY = 86_400_000
let seed = 20261123
export const chance = () => { seed |= 0; seed = (seed + 0x6d2b79f5) | 0; let t = Math.imul(seed ^ (seed >>> 15), 1 | seed); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296 }
const pick = (list) => list[Math.floor(chance() * list.length)]
const between = (a, b) => a + Math.floor(chance() * (b - a + 1))
export const iso = (ms) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10)
const uuid = () => { const h = createHash('sha256').update(String(chance())).digest('hex'); return `${h.slice(0, 8)}-${h.slice(8, 12)}-7${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}` }

// ---- the drawn map: a warped lattice of 16 × 12 cells, four by four to a township, eight cells halved -------------------------
const COLS = 16, ROWS = 12, WEST = 119.2, SOUTH = 29.2, WIDTH = 0.52, HEIGHT = 0.4
const wobble = (x, y, k) => { const s = Math.sin(x * 127.1 + y * 311.7 + k * 74.7) * 43758.5453; return s - Math.floor(s) - 0.5 }
const vertex = (i, j) => {
  const u = i / COLS, v = j / ROWS
  const bend = 0.06 * Math.sin(v * 5.1) + 0.03 * Math.sin(u * 9.3), lift = 0.07 * Math.sin(u * 4.2 + 0.6)
  return [WEST + WIDTH * (u + bend + wobble(i, j, 1) * 0.03), SOUTH + HEIGHT * (v + lift + wobble(i, j, 2) * 0.045)]
}
const split = (a, b, depth) => {
  if (depth === 0) return []
  const [p, q] = a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]) ? [a, b] : [b, a]
  const len = Math.hypot(q[0] - p[0], q[1] - p[1]), w = wobble(p[0] * 91, q[1] * 83, depth) * 0.28 * len
  const m = [(p[0] + q[0]) / 2 - ((q[1] - p[1]) / len) * w, (p[1] + q[1]) / 2 + ((q[0] - p[0]) / len) * w]
  return [...split(a, m, depth - 1), m, ...split(m, b, depth - 1)]
}
const edge = (a, b) => [a, ...split(a, b, 3)]
const ringOf = (points) => { const out = []; for (let i = 0; i < points.length; i++) out.push(...edge(points[i], points[(i + 1) % points.length])); out.push(out[0]); return out }
const blockRing = (i0, j0, i1, j1) => {
  const walk = []
  for (let i = i0; i < i1; i++) walk.push(vertex(i, j0))
  for (let j = j0; j < j1; j++) walk.push(vertex(i1, j))
  for (let i = i1; i > i0; i--) walk.push(vertex(i, j1))
  for (let j = j1; j > j0; j--) walk.push(vertex(i0, j))
  return ringOf(walk)
}
export const outlines = new Map() // place id → ring
export const baseLines = [
  { kind: 'river', line: Array.from({ length: 60 }, (_, k) => [WEST - 0.02 + k * 0.0098, SOUTH + 0.15 + 0.07 * Math.sin(k / 7) + 0.012 * Math.sin(k / 1.7)]) },
  { kind: 'river', line: Array.from({ length: 30 }, (_, k) => [WEST + 0.27 + 0.03 * Math.sin(k / 4), SOUTH + 0.2 + k * 0.0075]) },
  { kind: 'road', line: Array.from({ length: 50 }, (_, k) => [WEST + k * 0.0118, SOUTH + 0.27 - 0.05 * Math.cos(k / 9) + 0.006 * Math.sin(k / 2)]) },
  { kind: 'road', line: Array.from({ length: 40 }, (_, k) => [WEST + 0.16 + 0.02 * Math.sin(k / 6), SOUTH - 0.01 + k * 0.0105]) },
]

// ---- places --------------------------------------------------------------------------------------------------------------------
export const places = new Map() // id → {id, code, name, level, parent, kind}
const addPlace = (p) => { places.set(p.id, p); return p }
addPlace({ id: 1, code: '999001000000', name: '青溪县', level: 'county', parent: null, kind: 'area' })
outlines.set(1, blockRing(0, 0, COLS, ROWS))
const TOWNS = ['云岭镇', '白石镇', '松溪镇', '竹口镇', '梅坞镇', '桐源乡', '枫林乡', '荷塘镇', '石桥镇', '青峰乡', '双溪街道', '柳湾镇']
const HEADS = '上下前后东西南北大小新老里外高长', STEMS = ['坞', '坑', '塘', '坪', '岭', '源', '湾', '桥', '潭', '垄', '畈', '岙', '田', '洲']
const names = new Set()
const villageName = () => { for (;;) { const n = `${pick([...HEADS])}${pick(STEMS)}村`; if (!names.has(n)) { names.add(n); return n } if (names.size > 190) { const m = `${pick([...HEADS])}${pick(STEMS)}${pick(STEMS)}村`; if (!names.has(m)) { names.add(m); return m } } } }
let nextId = 2
for (let t = 0; t < 12; t++) {
  const id = nextId++, name = TOWNS[t]
  addPlace({ id, code: `999001${String(100 + t).padStart(3, '0')}000`, name, level: 'township', parent: 1, kind: name.endsWith('街道') ? 'subdistrict' : name.endsWith('乡') ? 'township' : 'town' })
  outlines.set(id, blockRing((t % 4) * 4, Math.floor(t / 4) * 4, (t % 4) * 4 + 4, Math.floor(t / 4) * 4 + 4))
}
let halves = 8
for (let j = 0; j < ROWS; j++) for (let i = 0; i < COLS; i++) {
  const township = 2 + Math.floor(j / 4) * 4 + Math.floor(i / 4)
  const cells = halves > 0 && (i + j) % 5 === 2 ? (halves--, [0, 1]) : [null]
  for (const half of cells) {
    const id = nextId++, n = [...places.values()].filter((p) => p.parent === township).length
    const urban = township === 12 && n < 4
    addPlace({ id, code: `999001${String(100 + township - 2).padStart(3, '0')}${urban ? String(n + 1).padStart(3, '0') : 200 + n}`, name: urban ? villageName().replace('村', '社区') : villageName(), level: 'village', parent: township, kind: urban ? 'residents' : 'villagers' })
    const a = vertex(i, j), b = vertex(i + 1, j), c = vertex(i + 1, j + 1), d = vertex(i, j + 1)
    const mid = (p, q) => split(p, q, 3)[3]
    outlines.set(id, ringOf(half === null ? [a, b, c, d] : half === 0 ? [a, mid(a, b), mid(d, c), d] : [mid(a, b), b, c, mid(d, c)]))
  }
}
export const below = (id) => { const out = new Set([id]); for (const p of places.values()) if (p.parent !== null && out.has(p.parent)) out.add(p.id); return out }
export const pathOf = (p) => { const out = []; for (let at = p; at; at = places.get(at.parent)) out.unshift(at); return out }
export const ref = (id) => { const p = places.get(id); return p ? { id: p.id, code: p.code, name: p.name, level: p.level, path: pathOf(p).map((x) => x.name) } : null }
const centre = (id) => { const ring = outlines.get(id).slice(1); return [ring.reduce((s, p) => s + p[0], 0) / ring.length, ring.reduce((s, p) => s + p[1], 0) / ring.length] }
const e7 = ([lon, lat]) => ({ lon_e7: Math.round(lon * 1e7), lat_e7: Math.round(lat * 1e7) })

// ---- the log -------------------------------------------------------------------------------------------------------------------
export const facts = []
export const rows = { problems: new Map(), places: new Map(), topics: new Map(), rules: new Map() }
const placeOfRow = { problems: (r) => r.place, places: (r, key) => Number(key), topics: (r) => r.place, rules: (r) => r.place }
export const placeIdOf = (view, key, row) => placeOfRow[view](row, key)
let head = '0'.repeat(64)
export function record(view, key, kind, { at, recorded, actor, name, body, set }) {
  const before = rows[view].get(key) ?? {}
  const after = { ...before, ...set }
  const changed = Object.keys(set).filter((f) => JSON.stringify(before[f] ?? null) !== JSON.stringify(set[f])).map((f) => ({ field: f, before: before[f] ?? null, after: set[f] }))
  rows[view].set(key, after)
  const fact = { view, key, chain: '999001/main', seq: facts.length + 1, kind: `${kind}@1`, actor: `account:${actor}`, actor_name: name, effective_ms: at, recorded_ms: recorded ?? at, body, changed }
  head = createHash('sha256').update(head).update(JSON.stringify(fact)).digest('hex')
  fact.hash = head
  facts.push(fact)
  return fact
}
export const now = () => NOW + (facts.length % 1000)
export const PEOPLE = { office: '林知秋（县千万办）', township: '周立夏（乡镇）', village: '沈小满（村）', inspector: '顾白露（督查）', public: '群众（扫码）', system: '系统时钟' }

const events = []
for (const p of places.values()) {
  const base = { id: p.id, org: 999001, code: p.code, name: p.name, level: p.level, kind: p.kind, within: pathOf(p).slice(0, -1).map((x) => x.id), former_codes: [], former_names: [], counts: {}, origin: '演示' }
  events.push([Date.parse('2024-01-08T09:00:00+08:00') + p.id * 1000, () => record('places', String(p.id), 'place.registered', { at: Date.parse('2023-07-01T00:00:00+08:00'), recorded: Date.parse('2024-01-08T09:00:00+08:00') + p.id * 1000, actor: 'office', name: PEOPLE.office, body: { code: p.code, name: p.name, level: p.level }, set: base })])
}
const when = (d) => Date.parse(`${d}T09:30:00+08:00`)
const step = (ms, view, key, kind, o) => events.push([o.recorded ?? ms, () => { const cur = rows[view].get(key); const set = typeof o.set === 'function' ? o.set(cur) : o.set; return record(view, key, kind, { ...o, at: ms, set }) }])
export const countRows = new Map() // `${place}/${what}/${on}` → row of the view `counts`
export const counted = (row, what, value, on, method) => {
  countRows.set(`${row.id}/${what}/${on}`, { place: row.id, what, value, on, method, shrunk: false })
  const last = row.counts[what], peak = !last ? null : last.shrunk_from && last.shrunk_from.value >= last.value ? last.shrunk_from : { value: last.value, on: last.on }
  return { counts: { ...row.counts, [what]: { value, on, method, ...(peak && value < peak.value ? { shrunk_from: peak } : {}) } } }
}
for (const p of places.values()) {
  const key = String(p.id), rec = 86_400_000 * (p.id % 40), o = { actor: 'township', name: PEOPLE.township }
  if (p.level !== 'county' || true) step(when('2024-01-09') + p.id * 60_000, 'places', key, 'place.located', { actor: 'office', name: PEOPLE.office, body: {}, set: { position: e7(centre(p.id)) } })
  if (p.level !== 'village') continue
  if (chance() < 0.93) {
    const cls = pick(['cluster', 'cluster', 'suburban', 'heritage', 'undetermined', 'cluster', 'relocate'])
    step(when('2024-02-20') + rec, 'places', key, 'place.classified', { ...o, recorded: when('2024-02-22') + rec, body: { class: cls, document: '青溪农发〔2024〕7号' }, set: { class: cls } })
  }
  const g = pick(['remediated', 'remediated', 'demonstration', 'boutique', null, 'future', 'remediated'])
  if (g) step(when('2024-06-12') + rec, 'places', key, 'place.graded', { ...o, body: { grade: g, document: '青溪千万办〔2024〕3号' }, set: { grade: g } })
  const s = pick(['demonstration', 'rollout', 'rollout', 'deepening', 'upgrading'])
  step(when('2024-03-15') + rec, 'places', key, 'place.stage_entered', { ...o, body: { stage: s }, set: { stage: s } })
  let households = between(90, 860)
  const counts = [['households_registered', households], ['households_resident', Math.round(households * (0.45 + chance() * 0.4))], ['hamlets', between(1, 14)], ['population', Math.round(households * (2.6 + chance()))]]
  for (const [what, value] of counts) if (chance() < 0.96) step(when('2024-04-10') + rec, 'places', key, 'place.counted', { actor: 'village', name: PEOPLE.village, body: { what, value, on: '2024-04-01', method: 'register' }, set: (r) => counted(r, what, value, '2024-04-01', 'register') })
  if (chance() < 0.7) { const v = households + between(-3, 16); step(when('2025-04-14') + rec, 'places', key, 'place.counted', { actor: 'village', name: PEOPLE.village, body: { what: 'households_registered', value: v, on: '2025-04-01', method: 'register' }, set: (r) => counted(r, 'households_registered', v, '2025-04-01', 'register') }) }
  if (chance() < 0.08) { const v = households - between(18, 65); step(when('2026-04-11') + rec, 'places', key, 'place.counted', { actor: 'village', name: PEOPLE.village, body: { what: 'households_registered', value: v, on: '2026-04-01', method: 'register' }, set: (r) => counted(r, 'households_registered', v, '2026-04-01', 'register') }) }
  if (p.id % 41 === 0) step(when('2025-09-01'), 'places', key, 'place.renamed', { actor: 'office', name: PEOPLE.office, body: {}, set: (r) => ({ name: `新${r.name}`, former_names: [...r.former_names, r.name] }) })
}

// ---- problems ------------------------------------------------------------------------------------------------------------------
const TEXTS = {
  waste: ['村口垃圾屋满溢三天未清', '河边堆放建筑垃圾约两车', '分类投放点缺厨余桶'], sewage: ['污水井盖破损，井内积满淤泥', '三户生活污水直排水塘', '终端站停运，电表已断'],
  toilet: ['公厕冲水阀坏，地面积水', '改厕后化粪池未加盖', '公厕无人保洁，照明不亮'], water: ['末梢水压不足，晚间断水', '水源地护栏倒塌', '水表箱冻裂漏水'],
  road: ['通组路塌方半幅，未设警示', '桥头护栏缺失约六米', '路面坑槽连片，积水难行'], greening: ['行道树枯死二十余株', '公园草坪被占种菜', '古树围栏破损'],
  lighting: ['主路十二盏路灯不亮', '路灯控制箱门敞开', '太阳能灯电池被盗'], housing: ['老屋山墙开裂，尚有人住', '空心房屋顶坍塌临路', '危房警示牌脱落'],
  appearance: ['杆线乱拉，低垂过路', '赤膊墙未处理，临主干道', '沿路堆放柴草杂物'], service: ['村卫生室周末无人值守', '老年食堂停餐两周', '快递点搬走后无替代'],
  culture: ['文化礼堂漏雨，暂停使用', '农家书屋长期上锁', '戏台栏杆松动'], industry: ['冷库停用，电费无人缴', '民宿污水未接管', '采摘园道路未硬化'],
}
const FIELD_WEIGHTS = ['waste', 'waste', 'waste', 'sewage', 'sewage', 'toilet', 'toilet', 'water', 'road', 'road', 'greening', 'lighting', 'housing', 'appearance', 'appearance', 'service', 'culture', 'industry']
const villages = [...places.values()].filter((p) => p.level === 'village')
const fieldAt = (villageId) => { const [lon, lat] = centre(villageId); return [lon + (chance() - 0.5) * 0.018, lat + (chance() - 0.5) * 0.018] }
const photo = () => ({ file: createHash('sha256').update(String(chance())).digest('hex') })
const REPORTER = { villager: ['public', () => ({ is: 'villager', receipt: 'x' })], official: ['village', () => ({ is: 'account', account: 'village' })], inspection: ['inspector', () => ({ is: 'account', account: 'inspector' })] }
export const addDays = (day, n) => iso(Date.parse(`${day}T00:00:00+08:00`) + n * DAY)
for (let n = 1; n <= 812; n++) {
  const key = uuid(), village = pick(villages), field = pick(FIELD_WEIGHTS), text = pick(TEXTS[field])
  const reported = NOW - Math.floor(Math.pow(chance(), 1.6) * 640) * DAY - between(0, 8) * 3_600_000
  const channel = pick(['official', 'official', 'villager', 'inspection'])
  const photos = chance() < 0.6 ? Array.from({ length: between(1, 3) }, photo) : []
  const number = `999001-${4000 + n}`
  const [by, reporter] = REPORTER[channel]
  const pos = chance() < 0.9 ? e7(fieldAt(village.id)) : null
  const late = chance() < 0.1 ? between(2, 6) * DAY : 0
  step(reported, 'problems', key, 'problem.reported', { recorded: reported + late, actor: by, name: PEOPLE[by], body: { place: village.id, field, text, photos, channel }, set: { id: key, org: 999001, number, place: village.id, field, text, position: pos, photos, channel, reporter: reporter(), reported_ms: reported, state: { is: 'reported' }, diagnosis: null, claim: null, escalations: [], absorbed: [], reopened: 0, verified_ms: null, withheld: null } })
  let at = reported + late + between(2, 40) * 3_600_000
  const go = (days) => { at += Math.floor(days * DAY); return at < NOW }
  if (at > NOW) continue
  if (chance() < 0.05) { step(at, 'problems', key, 'problem.dismissed', { actor: 'office', name: PEOPLE.office, body: { reason: '不属本工程范围，已转有关部门' }, set: { state: { is: 'dismissed', reason: '不属本工程范围，已转有关部门' } } }); continue }
  const due = iso(at + ({ waste: 7, road: 30, housing: 15, sewage: 20 }[field] ?? 14) * DAY)
  const post = chance() < 0.7 ? { place: village.id, role: 'village' } : { place: village.parent, role: 'township' }
  step(at, 'problems', key, 'problem.assigned', { actor: 'office', name: PEOPLE.office, body: { post, due, by_rule: true }, set: { state: { is: 'assigned', post, due } } })
  if (chance() < 0.6 && go(between(1, 4))) step(at, 'problems', key, 'problem.diagnosed', { actor: 'township', name: PEOPLE.township, body: {}, set: { diagnosis: { cause: pick(['保洁合同到期未续', '雨季冲刷，基础掏空', '管护经费未落实', '施工遗留，未移交']), measure: pick(['补签合同，三日内清运', '列入小修，月内完成', '更换配件并公示责任人', '与施工方交涉，限期返工']) } } })
  if (chance() < 0.12 && go(between(6, 20))) {
    const to = { place: village.parent, role: 'head' }, answerBy = iso(at + 5 * DAY)
    step(at, 'problems', key, 'problem.escalated', { actor: 'system', name: PEOPLE.system, body: { to, answer_by: answerBy, reason: { is: 'overdue', due } }, set: (r) => ({ escalations: [...r.escalations, { to, on_ms: at, answer_by: answerBy, answer: null }] }) })
    if (chance() < 0.5 && go(2)) { const on = at, later = iso(at + 10 * DAY); step(at, 'problems', key, 'problem.escalation_answered', { actor: 'township', name: PEOPLE.township, body: { text: '已约谈施工方', due: later }, set: (r) => ({ escalations: [...r.escalations.slice(0, -1), { ...r.escalations.at(-1), answer: { text: '已约谈施工方，本周完工', on_ms: on, by: PEOPLE.township } }], state: r.state.due ? { ...r.state, due: later } : r.state }) }) }
  }
  if (!(chance() < 0.86 && go(between(2, 24)))) continue
  const claimed_ms = at, verifyBy = iso(at + 7 * DAY)
  step(at, 'problems', key, 'problem.fix_claimed', { actor: 'village', name: PEOPLE.village, body: { text: '已清理完毕' }, set: { state: { is: 'claimed', post, due: verifyBy, claimed_ms, by: 'village' }, claim: { text: '已清理完毕，附照片', photos: [photo()], post, verify_by: verifyBy } } })
  if (!(chance() < 0.88 && go(between(1, 12)))) continue
  if (chance() < 0.12) { step(at, 'problems', key, 'problem.fix_rejected', { actor: 'inspector', name: PEOPLE.inspector, body: { reason: '现场仍有残留' }, set: (r) => ({ state: { is: 'assigned', post, due: verifyBy }, reopened: r.reopened + 1 }) }); continue }
  const verified_ms = at
  step(at, 'problems', key, 'problem.fix_verified', { actor: 'inspector', name: PEOPLE.inspector, body: { note: '现场查看属实' }, set: { state: { is: 'verified', post, verified_ms, by: 'inspector' }, verified_ms } })
  if (chance() < 0.93 && go(7)) step(at, 'problems', key, 'problem.confirmed', { actor: 'system', name: PEOPLE.system, body: {}, set: { state: { is: 'confirmed', post } } })
}
const ruleSet = (at, rule, from, value, reason) => step(when(at), 'rules', `1/${rule}`, 'rule.set', { actor: 'office', name: PEOPLE.office, body: { from, rule, value, reason }, set: (r) => ({ place: 1, rule, versions: [...(r?.versions ?? []), { from, rule, value, reason }] }) })
const at = (level, role, days) => ({ level, role, days })
ruleSet('2024-01-10', 'problems.deadlines', '2024-01-10', { by_field: { waste: at('village', 'village', 7), road: at('township', 'township', 45), sewage: at('county', 'department', 30) }, otherwise: at('township', 'township', 30), verify_days: 10 }, '起步年暂定')
ruleSet('2025-12-20', 'problems.deadlines', '2026-01-01', { by_field: { waste: at('village', 'village', 5), road: at('township', 'township', 30), sewage: at('county', 'department', 20), housing: at('county', 'department', 15) }, otherwise: at('township', 'township', 14), verify_days: 7 }, '两年记录表明垃圾类多在五日内办结，缩短期限')
ruleSet('2024-01-10', 'problems.escalation', '2024-01-10', { answer_days: 7, up_to: 'county' }, '起步年暂定')
ruleSet('2024-01-10', 'problems.public_reports', '2024-01-10', { per_client_hour: 6, per_village_day: 60, photos_max: 4 }, '起步年暂定')
ruleSet('2024-01-10', 'problems.duplicates', '2024-01-10', { metres: 200, days: 120 }, '起步年暂定')
ruleSet('2024-01-10', 'problems.topics', '2024-01-10', { villages_min: 8, days: 180 }, '起步年暂定')
events.sort((a, b) => a[0] - b[0])
for (const [, run] of events) run()
const some = [...rows.problems].filter(([, r]) => r.field === 'toilet' && r.place % 3 === 0).slice(0, 9).map(([k]) => k)
const topic = uuid()
record('topics', topic, 'topic.proposed', { at: now(), actor: 'office', name: PEOPLE.office, body: { problems: some }, set: { id: topic, org: 999001, title: '公厕冬季管护缺位', place: 1, field: 'toilet', problems: some, proposed_ms: now(), state: { is: 'open' } } })
// One pair that may be the same problem, reported twice.
{ const [, r] = [...rows.problems].find(([, x]) => x.state.is === 'reported' && x.position) ?? []; const k = uuid(); if (r) record('problems', k, 'problem.reported', { at: now(), actor: 'public', name: PEOPLE.public, body: { text: r.text }, set: { ...r, id: k, number: '999001-4813', channel: 'villager', position: { lon_e7: r.position.lon_e7 + 3000, lat_e7: r.position.lat_e7 + 1500 }, reported_ms: now() } }) }

// For development and browser tests: serves field/dist and answers docs/http.md from made-up data (青溪县, fictitious codes).
// No dependencies. node dev/mock.mjs [port]; the page /login signs in as any of the people below. Rows have the shape of the
// Rust views (crates/domain/src/problems/view.rs). createMock() is used by e2e: stop() and start() are a server that dies.
import { createServer } from 'node:http'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { brotliCompressSync } from 'node:zlib'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' }
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
const DAY = 86_400_000
const iso = (ms) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10)

export function createMock() {
  const T0 = Date.now(), TODAY = iso(T0), day = (n) => iso(T0 + n * DAY)
  // ---- places: one county, three townships, 24 villages
  const places = new Map()
  const add = (id, code, name, level, parent, at) => places.set(id, { id, code, name, level, parent, position: at })
  const TOWNS = ['云岭镇', '白石乡', '临溪镇'], VILLAGES = ['上坞村', '石门村', '竹溪村', '大坪村', '柏树村', '沙湾村', '桃岭村', '龙井村']
  add(1, '999001000000', '青溪县', 'county', null, null)
  TOWNS.forEach((n, t) => {
    add(10 + t, `999001${100 + t}000`, n, 'township', 1, null)
    VILLAGES.forEach((v, i) => add(100 + t * 10 + i, `999001${100 + t}${200 + i}`, t === 0 ? v : n[0] + v, 'village', 10 + t, { lon_e7: 1196000000 + t * 900000 + (i % 4) * 180000, lat_e7: 305200000 + Math.floor(i / 4) * 200000 }))
  })
  const pathOf = (p) => { const out = []; for (let at = p; at; at = places.get(at.parent)) out.unshift(at); return out }
  const ref = (id) => { const p = places.get(id); return { id, code: p.code, name: p.name, level: p.level, path: pathOf(p).map((x) => x.name) } }
  const inside = (id, top) => pathOf(places.get(id)).some((p) => p.id === top)

  // ---- people
  const ALL = ['surveys.submit', 'read', 'problems.report']
  const people = {
    shen: { display: '沈小满', posts: [[100, 'village']], capabilities: [...ALL, 'problems.work'] },
    zhou: { display: '周立夏', posts: [[10, 'township']], capabilities: [...ALL, 'problems.work', 'problems.triage', 'problems.verify'] },
    gu: { display: '顾白露', posts: [[1, 'inspector']], capabilities: [...ALL, 'problems.verify'] },
    lin: { display: '林知秋', posts: [[1, 'office'], [1, 'head']], capabilities: [...ALL, 'problems.triage', 'problems.verify', 'problems.answer'] },
  }
  const sessionOf = (id) => ({ demo: true, installation: '青溪县千万工程', today: TODAY, account: { id, name: id, display: people[id].display }, posts: people[id].posts.map(([p, role]) => ({ place: ref(p), role })), capabilities: people[id].capabilities, home: ref(people[id].posts[0][0]), csrf: 'dev' })

  // ---- problems
  const problems = new Map(), facts = []
  let seq = 0
  const uuid = () => { const h = createHash('sha256').update(`p${problems.size}`).digest('hex'); return `${h.slice(0, 8)}-${h.slice(8, 12)}-7${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}` }
  const log = (key, kind, who, ms, body) => facts.push({ key, chain: '999001/main', seq: ++seq, kind: `problem.${kind}@1`, actor: `account:${who}`, actor_name: people[who]?.display ?? '群众', effective_ms: ms, recorded_ms: ms, body, hash: createHash('sha256').update(String(seq)).digest('hex'), changed: [] })
  const photo = (s, ms) => ({ file: createHash('sha256').update(s).digest('hex'), taken_ms: ms })
  function problem(place, field, text, daysAgo, o = {}) {
    const key = uuid(), at = T0 - daysAgo * DAY - 2 * 3_600_000, post = { place, role: 'village' }, p = places.get(place)
    const row = { id: key, org: 999001, number: `999001-${812 + problems.size}`, place, field, text, position: o.nowhere ? null : { lon_e7: p.position.lon_e7 + problems.size * 900, lat_e7: p.position.lat_e7 + problems.size * 500 }, photos: o.photos === 0 ? [] : Array.from({ length: o.photos ?? 2 }, (_, i) => photo(key + i, at)), channel: o.channel ?? 'official', reporter: { is: 'account', account: 'gu' }, reported_ms: at, state: { is: 'reported' }, diagnosis: null, claim: null, escalations: [], absorbed: [], reopened: 0, verified_ms: null, withheld: null }
    problems.set(key, row)
    log(key, 'reported', o.channel === 'villager' ? 'public' : 'gu', at, { field, text })
    if (o.due !== undefined) { row.state = { is: 'assigned', post, due: day(o.due) }; log(key, 'assigned', 'zhou', at + DAY / 4, { post, due: day(o.due), by_rule: true }) }
    if (o.cause) { row.diagnosis = { cause: o.cause, measure: o.measure }; log(key, 'diagnosed', 'shen', at + DAY / 3, row.diagnosis) }
    if (o.claimed) { row.claim = { text: o.claimed, photos: [photo(`${key}c`, T0 - DAY)], post, verify_by: day(o.due) }; row.state = { is: 'claimed', post, due: day(o.due), claimed_ms: T0 - DAY, by: 'shen' }; log(key, 'fix_claimed', 'shen', T0 - DAY, row.claim) }
    if (o.rejected) { row.reopened = 1; log(key, 'fix_rejected', 'gu', T0 - DAY / 2, { reason: o.rejected, due: day(o.due) }) }
    if (o.escalated) { row.escalations = [{ to: { place: 1, role: 'head' }, on_ms: T0 - DAY, answer_by: day(2), answer: null }]; log(key, 'escalated', 'system', T0 - DAY, { to: { place: 1, role: 'head' }, answer_by: day(2), reason: { is: 'overdue', due: day(o.due) } }) }
    return key
  }
  problem(100, 'sewage', '村东污水井盖破损，井内积满淤泥，雨天外溢到村道，孩子上学要绕行', 16, { due: -3, cause: '雨季冲刷，基础掏空', measure: '更换井盖并清淤，本周内完成' })
  problem(102, 'road', '通组路塌方半幅，没有警示标志', 25, { due: -8, escalated: true })
  problem(100, 'waste', '村口垃圾屋满溢，三天没有清运', 4, { due: 2, rejected: '现场仍有残留，屋后还有两车建筑垃圾', photos: 3 })
  problem(100, 'lighting', '主路十二盏路灯不亮', 6, { due: 5 })
  problem(101, 'toilet', '公厕冲水阀坏，地面积水，晚上没有照明', 9, { due: 4, cause: '管护经费未落实', measure: '更换配件并公示责任人', claimed: '冲水阀和两盏灯已更换，保洁员每天两次清扫' })
  problem(103, 'appearance', '沿路堆放柴草杂物，占了半边路', 7, { due: 0, cause: '没有集中堆放点', measure: '设两处堆放点', claimed: '杂物已清理，柴草移到堆放点' })
  problem(104, 'water', '末梢水压不足，晚间断水', 2, { channel: 'villager', photos: 0 })
  problem(105, 'greening', '古树围栏破损', 1, { channel: 'villager', photos: 1 })
  problem(100, 'housing', '老屋山墙开裂，尚有人住', 0, { nowhere: true, photos: 1 })
  for (let i = 0; i < 24; i++) problem(110 + (i % 8), ['waste', 'service', 'culture'][i % 3], ['分类投放点缺厨余桶', '老年食堂停餐两周', '农家书屋长期上锁'][i % 3], 3 + i)

  const post = (who, key) => people[who].posts.some(([p]) => inside(problems.get(key).place, p))
  function may(who, key) {
    const r = problems.get(key), can = (c) => people[who].capabilities.includes(c), s = r.state.is, out = []
    if (s === 'reported' && can('problems.triage')) out.push('problems.assign', 'problems.dismiss')
    if (s === 'assigned' && can('problems.work')) out.push('problems.diagnose', ...(r.diagnosis ? ['problems.claim_fix'] : []))
    if (s === 'claimed' && can('problems.verify')) out.push('problems.verify_fix', 'problems.reject_fix')
    if (r.escalations.some((e) => !e.answer) && can('problems.answer')) out.push('problems.answer_escalation')
    return out
  }
  const out = (key) => ({ key, row: problems.get(key), place: ref(problems.get(key).place) })
  const LISTS = {
    to_triage: (r, c) => r.state.is === 'reported' && c.includes('problems.triage'),
    mine: (r, c) => r.state.is === 'assigned' && c.includes('problems.work'),
    overdue: (r) => r.state.is === 'assigned' && (r.escalations.find((e) => !e.answer)?.answer_by ?? r.state.due) < TODAY,
    to_verify: (r, c) => r.state.is === 'claimed' && c.includes('problems.verify'),
    to_answer: (r, c) => r.escalations.some((e) => !e.answer) && c.includes('problems.answer'),
    reopened: (r, c) => r.state.is === 'assigned' && r.reopened > 0 && c.includes('problems.work'),
  }
  const listed = (who, name) => [...problems].filter(([k, r]) => post(who, k) && LISTS[name](r, people[who].capabilities)).map(([k]) => k)

  // ---- commands, counted by id
  const given = new Map() // id → { content, answer, times }
  const files = new Map()
  // ---- forms: what a test puts here is what there is to fill; submissions as they arrived
  const forms = [], submissions = new Map(), campaigns = []
  const control = { refuseNext: null, loseAnswer: false, delay_ms: 0 }
  class Refuse extends Error { constructor(status, type, title, more = {}) { super(title); this.document = { type: `/errors/${type}`, title, status, ...more } } }
  const need = (ok, status, type, title, more) => { if (!ok) throw new Refuse(status, type, title, more) }
  function act(who, c) {
    if (control.refuseNext) { const r = control.refuseNext; control.refuseNext = null; throw new Refuse(r.status, r.type, r.title, r) }
    const at = Date.now(), done = (key, kind, body) => { log(key, kind, who, at, body); return { subject: `problem:${key}`, facts: [{ chain: '999001/main', seq, kind: `problem.${kind}@1` }], repeated: false } }
    for (const h of c.photos ?? []) need(files.has(h), 422, 'files/unknown', '照片没有上传')
    if (c.type === 'problems.report') {
      need(places.get(c.place)?.level === 'village', 409, 'problems/not-a-village', '问题要登记到村')
      const key = problem(c.place, c.field, c.text, 0, { photos: 0, nowhere: true })
      Object.assign(problems.get(key), { position: c.position ?? null, photos: c.photos.map((file) => ({ file })), reported_ms: c.found_ms ?? at })
      return { subject: `problem:${key}`, facts: [{ chain: '999001/main', seq, kind: 'problem.reported@1' }], repeated: false }
    }
    const r = problems.get(c.problem)
    need(r && post(who, c.problem), 403, 'out-of-scope', '不在您的范围内')
    need(may(who, c.problem).includes(c.type), 409, 'problems/not-in-this-state', '现在不能这样办', { detail: '问题的状态已经变了，请刷新后再看。' })
    const village = { place: r.place, role: 'village' }, old = r.state
    switch (c.type) {
      case 'problems.assign': { const b = { post: c.post ?? village, due: c.due ?? day(14), by_rule: !c.due, note: c.note ?? null }; r.state = { is: 'assigned', post: b.post, due: b.due }; return done(c.problem, 'assigned', b) }
      case 'problems.dismiss': r.state = { is: 'dismissed', reason: c.reason }; return done(c.problem, 'dismissed', { reason: c.reason })
      case 'problems.diagnose': r.diagnosis = { cause: c.cause, measure: c.measure }; return done(c.problem, 'diagnosed', r.diagnosis)
      case 'problems.claim_fix': need(c.photos.length, 409, 'problems/no-evidence', '报告整改至少要一张照片'); r.claim = { text: c.text, photos: c.photos.map((file) => ({ file })) }; r.state = { is: 'claimed', post: old.post, due: day(7), claimed_ms: at, by: who }; return done(c.problem, 'fix_claimed', r.claim)
      case 'problems.verify_fix': r.state = { is: 'verified', post: old.post, verified_ms: at, by: who }; return done(c.problem, 'fix_verified', { note: c.note })
      case 'problems.reject_fix': r.state = { is: 'assigned', post: old.post, due: day(7) }; r.reopened++; return done(c.problem, 'fix_rejected', { reason: c.reason, due: day(7) })
      case 'problems.answer_escalation': r.escalations[0].answer = { text: c.text, on_ms: at, by: who }; return done(c.problem, 'escalation_answered', { text: c.text, due: c.due ?? day(7) })
      default: throw new Refuse(422, 'bad-input', '不认识的命令')
    }
  }

  // ---- HTTP
  const body = async (req) => { const parts = []; for await (const p of req) parts.push(p); return Buffer.concat(parts) }
  const page = (rows, q) => { const limit = Math.min(Number(q.get('limit') ?? 50), 200), from = Number(q.get('after') ?? 0); return { rows: rows.slice(from, from + limit), next: from + limit < rows.length ? String(from + limit) : null } }
  async function api(req, who, path, q, res) {
    let m
    if (path === '/api/session') return sessionOf(who)
    if (/^\/api\/places\/\d+\/forms$/.test(path)) return { forms: forms.map((f, i) => ({ known: f.known ?? [], form: `f${i}`, place: 1, xml: `/api/forms/f${i}/versions/1/xml`, version: { file: createHash('sha256').update(f.xml).digest('hex'), uploaded_ms: T0, uploaded_by: null, published_ms: T0, head: { form_id: f.form, version: f.version ?? null, title: f.title, md5: '', encrypted: false, file_questions: [], files: (f.files ?? []).map((a) => ({ name: a.name, kind: 'data', file: createHash('sha256').update(a.bytes).digest('hex') })) } } })) }
    if (path === '/api/my/assignments') return { campaigns }
    if (path === '/api/submissions' && req.method === 'POST') {
      if (control.refuseNext) { const r = control.refuseNext; control.refuseNext = null; throw new Refuse(r.status, r.type ?? 'surveys/refused', r.title) }
      const parts = await new Response(await body(req), { headers: { 'Content-Type': req.headers['content-type'] } }).formData()
      const xml = await parts.get('xml_submission_file').text(), id = /<(?:\w+:)?instanceID>([^<]+)</.exec(xml)?.[1]
      const known = submissions.get(id) ?? { xml, files: new Map(), times: 0, complete: false }
      need(known.xml === xml, 409, 'surveys/other-content', '同一编号的另一份答卷已经存在')
      known.times++
      known.place = q.get('place')
      known.complete = !parts.has('*isIncomplete*')
      for (const [name, value] of parts) if (value instanceof Blob && name !== 'xml_submission_file') known.files.set(name, Buffer.from(await value.arrayBuffer()))
      submissions.set(id, known)
      if (control.loseAnswer) { control.loseAnswer = false; req.socket.destroy(); return null }
      return { submission: id, recorded: true, missing: [] }
    }
    if (path === '/api/today') return { lists: Object.keys(LISTS).map((name) => { const keys = listed(who, name); return { name, query: `/api/rows/problems?list=${name}`, count: keys.length, rows: keys.slice(0, 20).map(out) } }) }
    if (path === '/api/rows/problems') return page(listed(who, q.get('list')).map(out), q)
    if (path === '/api/rows/places') return page([...places.values()].filter((p) => p.level === 'village' && (!q.get('place') || inside(p.id, Number(q.get('place')))) && p.name.includes(q.get('q') ?? '')).map((p) => ({ key: String(p.id), row: { id: p.id, name: p.name, within: pathOf(p).slice(0, -1).map((x) => x.id), position: p.position }, place: ref(p.id) })), q)
    if ((m = /^\/api\/rows\/problems\/(.+)$/.exec(path))) { need(problems.has(m[1]) && post(who, m[1]), 403, 'out-of-scope', '不在您的范围内'); return { ...out(m[1]), may: may(who, m[1]) } }
    if ((m = /^\/api\/history\/problems\/(.+)$/.exec(path))) { need(problems.has(m[1]) && post(who, m[1]), 403, 'out-of-scope', '不在您的范围内'); return { facts: facts.filter((f) => f.key === m[1]).map(({ key, ...f }) => f) } }
    if ((m = /^\/api\/places\/(\d+)\/duplicates$/.exec(path))) return { candidates: [...problems].filter(([, r]) => r.place === Number(m[1]) && r.field === q.get('field') && r.position && ['reported', 'assigned', 'claimed'].includes(r.state.is)).map(([key, r]) => ({ key, distance_m: !q.get('lon_e7') ? 0 : Math.round(Math.hypot((r.position.lon_e7 - q.get('lon_e7')) * 0.0096, (r.position.lat_e7 - q.get('lat_e7')) * 0.0111)), row: r })).filter((c) => c.distance_m < 500) }
    if (path === '/api/files' && req.method === 'POST') {
      const bytes = await body(req), edge = /boundary=(.+)$/.exec(req.headers['content-type'])[1], start = bytes.indexOf('\r\n\r\n') + 4
      const file = bytes.subarray(start, bytes.lastIndexOf(`\r\n--${edge}`)), hash = createHash('sha256').update(file).digest('hex')
      files.set(hash, Buffer.from(file))
      return { hash, type: 'image/jpeg', bytes: file.length, taken_ms: null, position: null }
    }
    if (path === '/api/commands' && req.method === 'POST') {
      const { id, command } = JSON.parse(await body(req)), content = JSON.stringify(command), before = given.get(id)
      need(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), 422, 'bad-input', '命令编号应为 UUID v7')
      if (before) { before.times++; need(before.content === content, 409, 'command-id-reused', '命令编号已用于别的内容'); return { ...before.answer, repeated: true } }
      const answer = act(who, command)
      given.set(id, { content, answer, times: 1, command })
      if (control.loseAnswer) { control.loseAnswer = false; res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 999 }); res.write('{'); setTimeout(() => req.socket.destroy(), 50); return null }
      return answer
    }
    throw new Refuse(404, 'not-found', '没有这个地址')
  }
  const picture = (hash) => { const h = parseInt(hash.slice(0, 2), 16); return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" preserveAspectRatio="xMidYMid slice"><rect width="400" height="300" fill="hsl(${90 + h / 4} 12% 72%)"/><path d="M0 ${170 + h / 6} 120 ${90 + h / 5} 210 190 300 ${110 + h / 7} 400 200V300H0z" fill="hsl(${120 + h / 5} 16% 48%)"/><path d="M0 250 400 ${220 + h / 8}V300H0z" fill="hsl(60 10% 55%)"/></svg>` }
  const packed = new Map()
  async function handle(req, res) {
    const url = new URL(req.url, 'http://x'), path = url.pathname, q = url.searchParams
    const send = (status, type, data, more = {}) => { res.writeHead(status, { 'Qianwan-Demo': '1', 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin', 'Content-Type': type, ...more }); res.end(data) }
    const br = (status, type, data, more = {}) => { const id = `${path}${data.length}`; let b = packed.get(id); if (!b) { b = brotliCompressSync(data); packed.set(id, b) } return /br/.test(req.headers['accept-encoding'] ?? '') ? send(status, type, b, { 'Content-Encoding': 'br', ...more }) : send(status, type, data, more) }
    const who = /qw_session=(\w+)/.exec(req.headers.cookie ?? '')?.[1]
    try {
      if (control.delay_ms) await new Promise((r) => setTimeout(r, control.delay_ms))
      if (path === '/healthz') return send(200, 'text/plain', 'ok (mock)')
      if (path === '/login') {
        if (q.get('as')) return send(303, 'text/plain', '', { Location: '/field/', 'Set-Cookie': `qw_session=${q.get('as')}; Path=/; HttpOnly; SameSite=Lax` })
        return send(200, 'text/html; charset=utf-8', `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>登录（开发用）</title><body><h1>登录（开发用）</h1><ul>${Object.keys(people).map((p) => `<li><a href="/login?as=${p}">${people[p].display}</a></li>`).join('')}</ul></body></html>`)
      }
      if (path.startsWith('/api/')) {
        need(people[who], 401, 'sign-in/needed', '请先登录')
        if (req.method !== 'GET') need(req.headers['x-qianwan'] === '1', 403, 'cross-site', '缺少请求头 X-Qianwan')
        if (path === '/api/session' && req.method === 'DELETE') return send(204, 'text/plain', '', { 'Set-Cookie': 'qw_session=; Path=/; Max-Age=0' })
        const f = /^\/api\/files\/([0-9a-f]+)$/.exec(path)
        if (f) return files.has(f[1]) ? send(200, 'image/jpeg', files.get(f[1])) : send(200, 'image/svg+xml', picture(f[1]))
        const form = /^\/api\/forms\/f(\d+)\/versions\/1\/(?:xml|files\/(.+))$/.exec(path)
        if (form) {
          const f = forms[Number(form[1])], file = form[2] && f?.files?.find((a) => a.name === decodeURIComponent(form[2]))
          need(f && (!form[2] || file), 404, 'not-found', '没有这张表')
          return send(200, form[2] ? 'application/octet-stream' : 'text/xml; charset=utf-8', form[2] ? file.bytes : f.xml)
        }
        const answer = await api(req, who, path, q, res)
        return answer && br(200, 'application/json', Buffer.from(JSON.stringify({ demo: true, ...answer })))
      }
      if (path === '/field') return send(301, 'text/plain', '', { Location: '/field/' })
      if (path.startsWith('/field/')) {
        const rest = normalize(path.slice(6)), name = rest === '/' ? '/index.html' : rest
        const bytes = await readFile(join(DIST, name)).catch(() => null)
        if (!bytes) return send(404, 'text/plain', 'not found')
        return br(200, TYPES[extname(name)] ?? 'application/octet-stream', bytes, { 'Cache-Control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' })
      }
      return send(302, 'text/plain', '', { Location: '/field/' })
    } catch (e) {
      if (e instanceof Refuse) return send(e.document.status, 'application/problem+json', JSON.stringify(e.document))
      console.error(e)
      return send(500, 'application/problem+json', JSON.stringify({ type: '/errors/accident', title: '出错了', status: 500, id: 'mock' }))
    }
  }
  let server = null, port = 0
  return {
    given, files, problems, control, forms, submissions, campaigns,
    async start(wanted = port) { server = createServer(handle); await new Promise((r) => server.listen(wanted, '127.0.0.1', r)); port = server.address().port; return port },
    async stop() { server.closeAllConnections(); await new Promise((r) => server.close(r)) },
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const port = await createMock().start(Number(process.argv[2] ?? 8089))
  console.log(`http://127.0.0.1:${port}/field/`)
}

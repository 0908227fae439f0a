import { expect, test } from 'vitest'
import { flush, type Outside } from './flush'
import { mayBesides, nextToSend, subject, type Item } from './item'
import { uuidv7 } from './uuid'
import { classify, type Answer, type HandedIn } from '@/api/client'
import type { CommandAnswer } from '@/api/types'

const item = (id: string, more: Partial<Item> = {}): Item => ({
  id, account: 'zhou', account_name: 'Zhou', made_ms: 0, command: { type: 'problems.report', text: id, photos: [] }, place: '', field: 'waste', words: '',
  photos: [], state: { is: 'waiting', tried: false }, ...more,
})
const about = (id: string, problem: string, more: Partial<Item> = {}): Item => item(id, { command: { type: 'problems.diagnose', problem }, ...more })
const refusal = { type: '/errors/problems/not-now', title: 'no', status: 409 }
const ok = (subject = 'problem:1'): Answer<CommandAnswer> => ({ is: 'ok', value: { subject, facts: [], repeated: false } })

/** A world with a list of answers to commands; what was given is written down. */
function world(items: Item[], answers: Answer<CommandAnswer>[], more: Partial<Outside> = {}) {
  const held = new Map(items.map((i) => [i.id, i]))
  const given: string[] = [], uploads: string[] = []
  const outside: Outside = {
    account: 'zhou',
    items: async () => [...held.values()],
    photo: async (id) => new Blob([id]),
    upload: async (b) => { const hash = `h-${await b.text()}`; uploads.push(hash); return { is: 'ok', value: { hash } } },
    submit: async (submission, file, more) => { given.push(`${submission.url} ${file?.name ?? '-'}${file ? ` ${await file.blob.text()}` : ''}${more ? ' more' : ''}`); return (answers.shift() as Answer<HandedIn> | undefined) ?? { is: 'ok', value: { submission: 's', missing: [] } } },
    give: async (id, command) => { given.push(`${id} ${JSON.stringify(command['photos'] ?? null)}`); return answers.shift() ?? ok() },
    save: async (i) => { held.set(i.id, i) },
    done: async (i) => { held.delete(i.id) },
    ...more,
  }
  return { held, given, uploads, outside }
}

test('an id holds its time and its version, and sorts by time', () => {
  const a = uuidv7(1_700_000_000_000), b = uuidv7(1_700_000_000_001)
  expect(a).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(a < b).toBe(true)
  expect(new Set(Array.from({ length: 500 }, () => uuidv7(1))).size).toBe(500)
})

test('oldest first; nobody sends for another; a refused act holds back later ones on the same problem only', () => {
  expect(nextToSend([item('b'), item('a')], 'zhou')?.id).toBe('a')
  expect(nextToSend([item('a')], 'shen')).toBe(null)
  const stuck = about('a', 'p1', { state: { is: 'refused', problem: refusal } })
  expect(nextToSend([stuck, about('b', 'p1')], 'zhou')).toBe(null)
  expect(nextToSend([stuck, about('b', 'p1'), about('c', 'p2')], 'zhou')?.id).toBe('c')
})

test('acts on one task go in order too, and hold back nothing else', () => {
  const task = (id: string, key: string, more: Partial<Item> = {}): Item => item(id, { command: { type: 'tasks.claim', task: key, text: 'done', photos: [] }, ...more })
  expect([subject(task('a', 't1')), subject(about('a', 'p1')), subject(item('a'))]).toEqual(['t1', 'p1', null])
  const stuck = task('a', 't1', { state: { is: 'refused', problem: refusal } })
  expect(nextToSend([stuck, task('b', 't1')], 'zhou')).toBe(null)
  expect(nextToSend([stuck, task('b', 't1'), task('c', 't2')], 'zhou')?.id).toBe('c')
  expect(mayBesides(['tasks.claim'], [task('a', 't1')])).toEqual([])
})

test('photos go first, once; the command carries their hashes; nothing is left', async () => {
  const photo = (id: string) => ({ id, hash: null, taken_ms: null, placed: false })
  const w = world([item('a', { photos: [photo('1'), photo('2')] }), item('b')], [])
  expect(await flush(w.outside)).toEqual({ is: 'empty', sent: 2 })
  expect(w.uploads).toEqual(['h-1', 'h-2'])
  expect(w.given).toEqual(['a ["h-1","h-2"]', 'b []'])
  expect(w.held.size).toBe(0)
})

test('without an answer it stays, and goes again under the same id with the same content', async () => {
  const w = world([item('a', { photos: [{ id: '1', hash: null, taken_ms: null, placed: false }] })], [{ is: 'unreachable', retry_s: 7 }])
  expect(await flush(w.outside)).toEqual({ is: 'unreachable', sent: 0, retry_s: 7 })
  expect(w.held.get('a')?.state).toEqual({ is: 'waiting', tried: true })
  expect(await flush(w.outside)).toEqual({ is: 'empty', sent: 1 })
  expect(w.given).toEqual(['a ["h-1"]', 'a ["h-1"]'])
  expect(w.uploads).toEqual(['h-1'])
})

test('a refusal is kept with its words and does not stop the rest', async () => {
  const w = world([item('a'), item('b')], [{ is: 'refused', problem: refusal }])
  expect(await flush(w.outside)).toEqual({ is: 'empty', sent: 1 })
  expect(w.held.get('a')?.state).toEqual({ is: 'refused', problem: refusal })
})

test('signed out: all stays', async () => {
  const w = world([item('a')], [{ is: 'signed-out' }])
  expect(await flush(w.outside)).toEqual({ is: 'signed-out', sent: 0 })
  expect(w.held.size).toBe(1)
})

test('a 200 without facts is not from our server', async () => {
  const w = world([item('a')], [{ is: 'ok', value: {} as CommandAnswer }])
  expect((await flush(w.outside)).is).toBe('unreachable')
  expect(w.held.size).toBe(1)
})

test('a lost photo is said, not sent without', async () => {
  const w = world([item('a', { photos: [{ id: '1', hash: null, taken_ms: null, placed: false }] })], [], { photo: async () => null })
  await flush(w.outside)
  expect(w.given).toEqual([])
  expect(w.held.get('a')?.state.is).toBe('refused')
})

test.each([
  [200, 'application/json', { a: 1 }, 'ok'],
  [200, 'text/html', null, 'unreachable'],
  [204, '', null, 'ok'],
  [401, 'application/problem+json', refusal, 'signed-out'],
  [403, 'text/html', null, 'unreachable'],
  [403, 'application/problem+json', refusal, 'refused'],
  [409, 'application/problem+json', refusal, 'refused'],
  [422, 'application/problem+json', refusal, 'refused'],
  [429, 'application/problem+json', refusal, 'unreachable'],
  [502, 'text/html', null, 'unreachable'],
  [500, 'application/problem+json', refusal, 'unreachable'],
])('%s %s means %s', (status, type, body, is) => { expect(classify(status, type, body, null).is).toBe(is) })

test('what may be done besides what waits', () => {
  expect(mayBesides(['problems.diagnose', 'problems.assign'], [about('a', 'p')])).toEqual(['problems.assign', 'problems.claim_fix'])
})

const survey = (id: string, files: string[]): Item => item(id, {
  command: { type: 'surveys.submit' },
  submission: { url: '/s', xml: '<data/>', files: files.map((f) => ({ name: `${f}.jpg`, photo: f, sent: false })) },
})
test('answers to a form go file by file, the last one without "more", and only then is it let go of', async () => {
  const w = world([survey('1', ['a', 'b'])], [])
  expect(await flush(w.outside)).toEqual({ is: 'empty', sent: 1 })
  expect(w.given).toEqual(['/s a.jpg a more', '/s b.jpg b'])
  expect(w.held.size).toBe(0)
})
test('answers without files are one part', async () => {
  const w = world([survey('1', [])], [])
  await flush(w.outside)
  expect(w.given).toEqual(['/s -'])
  expect(w.held.size).toBe(0)
})
test('what had arrived before the net broke is not sent again', async () => {
  const w = world([survey('1', ['a', 'b'])], [{ is: 'ok', value: { submission: 's', missing: ['b.jpg'] } } as never, { is: 'unreachable', retry_s: 7 }])
  expect(await flush(w.outside)).toEqual({ is: 'unreachable', sent: 0, retry_s: 7 })
  expect(w.held.get('1')?.submission?.files.map((f) => f.sent)).toEqual([true, false])
  expect(await flush(w.outside)).toEqual({ is: 'empty', sent: 1 })
  expect(w.given).toEqual(['/s a.jpg a more', '/s b.jpg b', '/s b.jpg b'])
})
test('refused answers stay with the reason, and others go on', async () => {
  const w = world([survey('1', ['a']), survey('2', [])], [{ is: 'refused', problem: refusal }])
  expect(await flush(w.outside)).toEqual({ is: 'empty', sent: 1 })
  expect(w.held.get('1')?.state).toEqual({ is: 'refused', problem: refusal })
})
test('a lost file is told, not skipped', async () => {
  const w = world([survey('1', ['a'])], [], { photo: async () => null })
  await flush(w.outside)
  expect(w.held.get('1')?.state).toMatchObject({ is: 'refused', problem: { type: 'photo-lost' } })
  expect(w.given).toEqual([])
})
test('a file that the server has not is sent again, and an answer that names nothing is none', async () => {
  const w = world([survey('1', ['a'])], [{ is: 'ok', value: { submission: 's', missing: ['a.jpg'] } } as never])
  expect(await flush(w.outside)).toEqual({ is: 'unreachable', sent: 0 })
  expect(w.held.get('1')?.submission?.files).toEqual([{ name: 'a.jpg', photo: 'a', sent: false }])
  const hotel = world([survey('1', [])], [{ is: 'ok', value: {} } as never])
  expect(await flush(hotel.outside)).toEqual({ is: 'unreachable', sent: 0 })
  expect(hotel.held.size).toBe(1)
})

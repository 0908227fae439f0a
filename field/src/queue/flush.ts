// Empties the queue, one act after another: photos first, then the command. Everything outside is handed in.
import { commandOf, judge, nextToSend, type Item, type Submission } from './item'
import type { Answer, HandedIn } from '@/api/client'
import type { Command, CommandAnswer, Uploaded } from '@/api/types'

export interface Outside {
  account: string
  items: () => Promise<Item[]>
  photo: (id: string) => Promise<Blob | null>
  upload: (photo: Blob) => Promise<Answer<Uploaded>>
  give: (id: string, command: Command) => Promise<Answer<CommandAnswer>>
  /** One part of a submission: its XML with at most one file, and whether more follow. */
  submit: (submission: Submission, file: { name: string; blob: Blob } | null, more: boolean) => Promise<Answer<HandedIn>>
  save: (item: Item) => Promise<void>
  /** The server has it: the item and its photos may go. */
  done: (item: Item, subject: string) => Promise<void>
}
export type Outcome = { is: 'empty'; sent: number } | { is: 'signed-out'; sent: number } | { is: 'unreachable'; sent: number; retry_s?: number }

export async function flush(out: Outside): Promise<Outcome> {
  let sent = 0
  for (;;) {
    let item = nextToSend(await out.items(), out.account)
    if (!item) return { is: 'empty', sent }
    if (item.submission) {
      const stopped = await flushSubmission(item, item.submission, out)
      if (stopped === 'done') sent++
      else if (stopped !== 'refused') return { ...stopped, sent }
      continue
    }
    for (const photo of item.photos) {
      if (photo.hash !== null) continue
      const blob = await out.photo(photo.id)
      const answer: Answer<Uploaded> = blob
        ? await out.upload(blob)
        : { is: 'refused', problem: { type: 'photo-lost', title: '', status: 0 } }
      if (answer.is === 'ok' && typeof answer.value?.hash === 'string') {
        const { hash } = answer.value
        item = { ...item, photos: item.photos.map((p) => (p.id === photo.id ? { ...p, hash } : p)) }
        await out.save(item)
      } else if (answer.is === 'refused') {
        item = { ...item, state: { is: 'refused', problem: answer.problem } }
        await out.save(item)
        break
      } else if (answer.is === 'signed-out') return { is: 'signed-out', sent }
      else return { is: 'unreachable', sent, ...(answer.is === 'unreachable' && answer.retry_s !== undefined ? { retry_s: answer.retry_s } : {}) }
    }
    if (item.state.is === 'refused') continue
    item = { ...item, state: { is: 'waiting', tried: true } }
    await out.save(item)
    const verdict = judge(item, await out.give(item.id, commandOf(item)))
    if (verdict.is === 'done') { await out.done(item, verdict.answer.subject); sent++ }
    else if (verdict.is === 'changed') await out.save(verdict.item)
    else return { is: verdict.why, sent, ...(verdict.retry_s === undefined ? {} : { retry_s: verdict.retry_s }) }
  }
}

/** Part after part; what has arrived is noted, so that a broken net costs one file. The server takes the same XML again and again. */
async function flushSubmission(begun: Item, submission: Submission, out: Outside): Promise<'done' | 'refused' | { is: 'signed-out' } | { is: 'unreachable'; retry_s?: number }> {
  let item = begun, left = submission.files.filter((f) => !f.sent)
  do {
    const [file] = left
    const blob = file ? await out.photo(file.photo) : null
    item = { ...item, state: { is: 'waiting', tried: true } }
    await out.save(item)
    const answer: Answer<HandedIn> = file && !blob
      ? { is: 'refused', problem: { type: 'photo-lost', title: '', status: 0 } }
      : await out.submit(submission, file && blob ? { name: file.name, blob } : null, left.length > 1)
    if (answer.is === 'refused') { await out.save({ ...item, state: { is: 'refused', problem: answer.problem } }); return 'refused' }
    // Only an answer that names the submission says that it lies safe.
    if (answer.is === 'ok' && typeof answer.value?.submission !== 'string') return { is: 'unreachable' }
    if (answer.is !== 'ok') return answer.is === 'signed-out' ? { is: 'signed-out' } : { is: 'unreachable', ...(answer.retry_s === undefined ? {} : { retry_s: answer.retry_s }) }
    if (file) {
      const missing = new Set(answer.value.missing)
      submission = { ...submission, files: submission.files.map((f) => (f.name === file.name ? { ...f, sent: !missing.has(f.name) } : f)) }
      item = { ...item, submission }
      await out.save(item)
      if (missing.has(file.name)) return { is: 'unreachable' }
    }
    left = submission.files.filter((f) => !f.sent)
  } while (left.length)
  await out.done(item, `submission:${item.id}`)
  return 'done'
}

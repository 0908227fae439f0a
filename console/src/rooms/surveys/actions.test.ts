import { describe, expect, it } from 'vitest'
import { droppable, formCommands } from './actions'

describe('what may be done to a form', () => {
  it('is closed while it is offered, with a choice about late ones', () => {
    expect(formCommands(['surveys.publish', 'surveys.close'], 'open')).toMatchObject([{ type: 'surveys.close', fields: [{ name: 'reason' }, { name: 'takes_late', truth: true, initial: true }] }])
  })
  it('is not closed twice: where late ones are taken they can be stopped', () => {
    expect(formCommands(['surveys.publish', 'surveys.close'], 'closing')).toMatchObject([{ type: 'surveys.close', label: 'surveys.stop_late', fields: [{ name: 'reason' }] }])
    expect([formCommands(['surveys.close'], 'closed'), formCommands(['surveys.close'], 'draft'), formCommands(['surveys.publish'], 'open')]).toEqual([[], [], []])
  })
  it('loses a version only if that was never published', () => {
    expect([droppable({ published_ms: null }, ['surveys.publish']), droppable({ published_ms: 1 }, ['surveys.publish']), droppable({ published_ms: null }, [])]).toEqual([true, false, false])
  })
})

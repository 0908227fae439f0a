import { effectScope, ref, shallowRef } from 'vue'
import { describe, expect, it, vi } from 'vitest'

// What the phone kept of the day answers when the test says so.
const answers: ((day: unknown) => void)[] = []
vi.mock('./kept', () => ({
  recall: () => new Promise((answer) => answers.push(answer)),
  useKept: () => ({ kept: shallowRef(null), loading: ref({ is: 'unreachable' }), reload: async () => {} }),
}))
vi.mock('@/queue/queue', () => ({ arrivals: ref(0), items: ref([]) }))
vi.mock('@/session', () => ({ session: ref({ capabilities: [] }) }))

const { useRow } = await import('./row')
interface Row { key: string; may?: string[] }

describe('a row of the day', () => {
  it('is the one that is open now, whichever answer comes last', async () => {
    const open = ref('a')
    const day = { at_ms: 1, value: [{ key: 'a' }, { key: 'b' }] }
    const scope = effectScope()
    const { known } = scope.run(() => useRow<Row>('tasks', () => open.value, (d) => d as unknown as Row[], () => []))!
    open.value = 'b'
    await Promise.resolve()
    expect(answers).toHaveLength(2)
    answers[1]!(day)
    await new Promise((r) => setTimeout(r))
    expect(known.value?.row.key).toBe('b')
    answers[0]!(day)
    await new Promise((r) => setTimeout(r))
    expect(known.value?.row.key).toBe('b')
    scope.stop()
  })
})

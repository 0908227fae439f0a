// What figures are called. Contract: give the codes; a name comes once a reading of it is found, until then the code stands for it.
// Limits: one small question to the server for each code, asked once while the page lives; of several names the latest counts.
import { shallowReactive, watch } from 'vue'
import { get } from '@/api/client'
import type { RowsAnswer } from '@/api/types'
import type { ReadingRow } from '@/generated/api'

const titles = shallowReactive(new Map<string, string>())
const asked = new Set<string>()

export function useFigureTitles(codes: () => readonly string[]): (code: string) => string {
  watch(codes, (wanted) => {
    for (const code of wanted.filter((one) => !asked.has(one))) {
      asked.add(code)
      void get<RowsAnswer>(`/api/rows/readings?figure=${encodeURIComponent(code)}&sort=-on&limit=1`).then((answer) => {
        const row = answer.rows[0]?.row as ReadingRow | undefined
        if (row) titles.set(code, row.title)
      }).catch(() => asked.delete(code))
    }
  }, { immediate: true })
  return (code) => titles.get(code) ?? code
}

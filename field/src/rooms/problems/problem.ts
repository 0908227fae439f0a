import type { ProblemRow } from '@/api/types'
import { probablyMay } from '@/rooms/today/order'
import { useRow, type OneRow } from '@/store/row'

export const useProblem = (id: () => string): OneRow<ProblemRow> => useRow('problems', id, (day) => day.lists.flatMap((l) => l.rows), probablyMay)

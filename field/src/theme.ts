// Light, dark, or as the system has it. The choice is this browser's; the console reads the same key.
import { ref } from 'vue'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]
const KEY = 'qw_theme'
export const theme = ref<Theme>('auto')

export function setTheme(wanted: Theme): void {
  theme.value = wanted
  if (wanted === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = wanted
  try { localStorage.setItem(KEY, wanted) } catch { /* a browser without storage forgets the choice */ }
}
export function startTheme(): void {
  let kept: string | null = null
  try { kept = localStorage.getItem(KEY) } catch { /* as above */ }
  setTheme(kept === 'light' || kept === 'dark' ? kept : 'auto')
}

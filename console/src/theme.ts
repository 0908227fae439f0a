// Light, dark, or as the system has it. The choice is this browser's, kept in localStorage.
import { ref } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'
const KEY = 'qw_theme'
const kept = (() => { try { return localStorage.getItem(KEY) } catch { return null } })()
export const theme = ref<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto')
/** Counts changes of what is on screen, for drawings that read the tokens themselves (map, chart). */
export const themeTick = ref(0)

export function setTheme(wanted: Theme): void {
  theme.value = wanted
  if (wanted === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = wanted
  try { localStorage.setItem(KEY, wanted) } catch { /* a browser without storage forgets the choice */ }
  themeTick.value++
}
export function startTheme(): void {
  setTheme(theme.value)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { themeTick.value++ })
}
/** The value of a design token as it is now, for canvas drawings. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--qw-${name}`).trim()
}

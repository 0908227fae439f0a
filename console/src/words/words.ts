// All wording. Chinese comes with the first chunk, other languages when asked for. Keys are flat: 'problems.list.empty'.
// A text may hold {name}, and {n|one|many} which picks by the number n.
import { ref, shallowRef } from 'vue'
import zhConsole from '@locales/zh-CN/console.json'
import zhShared from '@locales/zh-CN/shared.json'
import { fill, type Args } from './fill'

export type Language = 'zh-CN' | 'en'
export type Key = keyof typeof zhConsole | keyof typeof zhShared
type Words = { [key: string]: string }

const zh: Words = { ...zhShared, ...zhConsole }
const words = shallowRef<Words>(zh)
export const language = ref<Language>('zh-CN')

export function t(key: Key, args?: Args): string { return fill(words.value[key] ?? key, args) }

/** A word of the programme by its code, such as word('state', 'assigned'); an unknown code is shown as it is. */
export function word(list: string, code: string | null | undefined): string {
  if (code === null || code === undefined || code === '') return t('value.unknown')
  return words.value[`${list}.${code}`] ?? code
}
export function hasWord(list: string, code: string): boolean { return `${list}.${code}` in words.value }

export async function setLanguage(wanted: Language): Promise<void> {
  if (wanted === 'en') {
    const [c, s] = await Promise.all([import('@locales/en/console.json'), import('@locales/en/shared.json')])
    words.value = { ...s.default, ...c.default }
  } else words.value = zh
  language.value = wanted
  document.documentElement.lang = wanted
  document.cookie = `qw_lang=${wanted}; path=/; max-age=31536000; samesite=lax${location.protocol === 'https:' ? '; secure' : ''}`
}

export function chosenLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? /(?:^|; )qw_lang=([^;]+)/.exec(document.cookie)?.[1]
  return asked?.startsWith('en') ? 'en' : 'zh-CN'
}

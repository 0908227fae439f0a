// The wording that describe.ts needs, from the locale files and the register of places.
import * as format from '@/format/format'
import { formTitle } from '@/shared/formTitles'
import { placeName } from '@/shared/placeNames'
import { hasWord, t, word } from '@/words/words'
import type { Wording } from './describe'

export const wording: Wording = {
  word, has: hasWord,
  day: format.moment, count: format.count, position: format.position, place: placeName, form: (id) => formTitle(id, null),
  get none() { return t('value.none') },
  get yes() { return t('value.yes') },
  get no() { return t('value.no') },
  photos: (n) => t('value.photos', { n }),
  items: (n) => t('value.items', { n }),
  get comma() { return t('list.comma') },
  get semicolon() { return t('list.semicolon') },
}

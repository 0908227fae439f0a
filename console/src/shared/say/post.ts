import type { Post } from '@/api/types'
import { placeName } from '@/shared/placeNames'
import { word } from '@/words/words'

export const postParts = (post: Post): [place: string, role: string] => [
  post.name ?? placeName(post.place),
  post.department ? word('department', post.department) : word('role', post.role),
]
/** 'Yunling · township' */
export const postInWords = (post: Post): string => postParts(post).join(' · ')

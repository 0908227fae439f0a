import { Role as ALL_ROLES } from '@/generated/api'
import { DEPARTMENTS, type Post } from '@/api/types'
import { placeName } from '@/shared/placeNames'
import { word } from '@/words/words'

export const postParts = (post: Post): [place: string, role: string] => [
  post.name ?? placeName(post.place),
  post.department ? word('department', post.department) : word('role', post.role),
]
/** 'Yunling · township' */
export const postInWords = (post: Post): string => postParts(post).join(' · ')

/** As in URLs and in columns: '33052300000000/department/water'. */
export const postKey = (post: Pick<Post, 'place' | 'role' | 'department'>): string => [post.place, post.role, post.department].filter(Boolean).join('/')
/** The other way round; null for what is no key of a post. */
export function postOfKey(key: string): Post | null {
  const [place, role, department] = key.split('/')
  const known = ALL_ROLES.find((r) => r === role), line = DEPARTMENTS.find((d) => d === department)
  return Number(place) && known ? { place: Number(place), role: known, ...(line ? { department: line } : {}) } : null
}
/** The page of a post in the console. */
export const postPage = (post: Post): string => `/posts/${postKey(post)}`

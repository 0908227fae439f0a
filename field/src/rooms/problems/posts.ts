// A post in words: its role, and the place where it is known.
import type { PlaceRef, Post } from '@/api/types'
import { villages } from '@/rooms/places/places'
import { session } from '@/session'
import { word } from '@/words/words'

export function postWords(post: Post, at: PlaceRef | null): string {
  const known = post.name
    ?? (at?.id === post.place ? at.name : undefined)
    ?? session.value?.posts.find((p) => p.place.id === post.place)?.place.name
    ?? villages.value.list.find((v) => v.id === post.place)?.name
    ?? villages.value.list.find((v) => v.township_id === post.place)?.township
  return [known, post.department ? word('department', post.department) : word('role', post.role)].filter(Boolean).join(' ')
}

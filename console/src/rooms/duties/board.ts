// Which posts a board shows: all of the place itself, and of each place below those that answer first. Pure.
import { DEPARTMENTS, LEVELS, type Bearer, type Level, type Post } from '@/api/types'
import { postKey } from '@/shared/say/post'

/** Every post that there may be at a place of a level; departments come each by itself. */
export function postsAt(place: number, level: Level): Post[] {
  const posts: Post[] = [{ place, role: 'head' }, { place, role: 'office' }]
  if (level === 'township') posts.push({ place, role: 'township' })
  if (level === 'village') posts.push({ place, role: 'village' })
  if (LEVELS.indexOf(level) <= LEVELS.indexOf('county')) posts.push(...DEPARTMENTS.map((department): Post => ({ place, role: 'department', department })), { place, role: 'department' })
  return posts
}
/** The posts that answer first at a level. */
export function mainPosts(place: number, level: Level): Post[] {
  const working: Post = { place, role: level === 'village' ? 'village' : level === 'township' ? 'township' : 'office' }
  return [{ place, role: 'head' }, working]
}
/** A post of which nothing is known is shown only where every place has one: else a board would be full of empty lines. */
export function worthShowing(post: Post, level: Level, bearer: Bearer | undefined): boolean {
  const known = bearer !== undefined && (bearer.person !== null || bearer.unsigned_since !== null)
  return known || (post.role === 'head' && level !== 'village') || postKey(post) === postKey(mainPosts(post.place, level)[1]!)
}

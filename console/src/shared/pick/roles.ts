// Which posts there are at a place of a level: as the rule in crates/domain/src/duties/rules.rs has it. Pure.
import { LEVELS, ROLES, type Level } from '@/api/types'

export type WorkingRole = (typeof ROLES)[number]
export function fitting(level: Level): WorkingRole[] {
  return ROLES.filter((role) => role === 'village' ? level === 'village' : role === 'township' ? level === 'township' : role === 'department' ? LEVELS.indexOf(level) <= LEVELS.indexOf('county') : true)
}
/** The post that usually answers at a level: what a form proposes. */
export const usual = (level: Level): WorkingRole => (level === 'village' ? 'village' : level === 'township' ? 'township' : 'office')

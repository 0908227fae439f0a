// A room is a folder under rooms/ whose index.ts declares its pages, its entry in the menu, and what one must be able to do.
import type { RouteRecordRaw } from 'vue-router'
import type { Capability } from '@/api/types'
import type { Key } from '@/words/words'

/** The nine words of the programme, in the order of its loop. */
export const MENU = ['know', 'plan', 'build', 'fund', 'keep', 'inspect', 'assess', 'villagers', 'learn'] as const
export type MenuWord = (typeof MENU)[number]

export interface Room {
  name: string
  /** Where its entry stands: under one of the nine words, on top, or at the foot of the rail. */
  menu: { under: MenuWord | 'top' | 'foot'; order: number; label: Key; to: string }
  /** One of these capabilities opens the room; none means everybody signed in. */
  needs?: Capability[]
  routes: RouteRecordRaw[]
}

const modules = import.meta.glob<{ default: Room }>('./rooms/*/index.ts', { eager: true })
export const rooms: Room[] = Object.values(modules).map((m) => m.default).sort((a, b) => a.menu.order - b.menu.order)

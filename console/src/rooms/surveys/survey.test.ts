import { describe, expect, it } from 'vitest'
import type { FormVersion, SubmissionRow } from '@/generated/api'
import { exportOf, missingFiles, newestFirst, notCome, questionOf, versionPart } from './survey'

const version = (name: string, files: { name: string; file?: string }[]): FormVersion => ({
  file: '0'.repeat(64), uploaded_ms: 1, uploaded_by: null, published_ms: null,
  head: { form_id: 'visit', version: name, title: '走访', md5: '0'.repeat(32), encrypted: false, files: files.map((f) => ({ kind: 'data' as const, ...f })), file_questions: [] },
})

describe('forms', () => {
  it('says which files are missing', () => {
    expect(missingFiles(version('1', [{ name: 'a.csv' }, { name: 'b.png', file: '1'.repeat(64) }]))).toEqual(['a.csv'])
  })
  it('lists the newest version first and leaves the row as it was', () => {
    const versions = [version('1', []), version('2', [])]
    expect(newestFirst(versions).map((v) => v.head.version)).toEqual(['2', '1'])
    expect(versions.map((v) => v.head.version)).toEqual(['1', '2'])
  })
  it('writes a version into an address', () => {
    expect([versionPart('2026 甲/1'), versionPart(null), versionPart('')]).toEqual(['2026%20%E7%94%B2%2F1', '___', '___'])
  })
})

describe('submissions', () => {
  it('go into a file as the list is narrowed', () => {
    expect(exportOf('f1', 'xlsx', 'place=7&form=f1&state=received%2Capproved&received_on.from=2026-11-01')).toBe('/api/forms/f1/submissions.xlsx?place=7&state=received%2Capproved&received_on.from=2026-11-01&head=label')
  })
  it('says which files have not come', () => {
    const row = { head: { mentioned: ['a.jpg', 'b.jpg'] }, files: [{ name: 'b.jpg', file: '1' }] } as unknown as SubmissionRow
    expect(notCome(row)).toEqual(['a.jpg'])
  })
  it('names a question by its path without the form', () => {
    expect([questionOf('/data/household/members'), questionOf('/data/village')]).toEqual(['household / members', 'village'])
  })
})

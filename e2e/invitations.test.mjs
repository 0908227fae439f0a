// An administrator invites a whole township's people from a workbook, and one of them signs in by the slip.
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { after, before, test } from 'node:test'
import { accessible, account, ask, open, signIn, startBrowser, startServer, wording } from './harness.mjs'

let server, browser, words
before(async () => { [server, browser, words] = await Promise.all([startServer(), startBrowser(), wording()]) })
after(async () => { await browser?.close(); await server?.stop() })

/** A ZIP file whose parts are stored as they are. */
function zip(parts) {
  const files = [], heads = []
  let at = 0
  for (const [name, text] of Object.entries(parts)) {
    const title = Buffer.from(name), content = Buffer.from(text)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(content.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(title.length, 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    files.push(Buffer.from('PK\x03\x04', 'latin1'), common, title, content)
    heads.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, title)
    at += 30 + title.length + content.length
  }
  const list = Buffer.concat(heads), end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(Object.keys(parts).length, 8)
  end.writeUInt16LE(Object.keys(parts).length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...files, list, end])
}

/** A workbook with one sheet of words. */
function workbook(rows) {
  const cell = (text) => `<c t="inlineStr"><is><t>${text}</t></is></c>`
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main', of = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const packed = 'http://schemas.openxmlformats.org/package/2006'
  return zip({
    '[Content_Types].xml': `<Types xmlns="${packed}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
    '_rels/.rels': `<Relationships xmlns="${packed}/relationships"><Relationship Id="r1" Type="${of}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${of}"><sheets><sheet name="名单" sheetId="1" r:id="r1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${packed}/relationships"><Relationship Id="r1" Type="${of}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet xmlns="${main}"><sheetData>${rows.map((row, n) => `<row r="${n + 1}">${row.map(cell).join('')}</row>`).join('')}</sheetData></worksheet>`,
  })
}

test('a workbook is looked at, mended, and its people sign in by their slips', async () => {
  const office = await open(browser, server)
  await signIn(office, account(server, 'office'))
  const codes = (await ask(office, '/api/rows/places?level=village&limit=2')).json.rows.map((r) => r.place.code)
  await office.finish()
  const person = await open(browser, server)
  const { page } = person
  await signIn(person, account(server, 'admin'), '/console/accounts')
  await page.getByRole('link', { name: words['accounts.bulk'] }).click()
  await accessible(page)
  const head = ['display', 'name', 'role', 'place', 'phone'].map((c) => words[`invitations.column.${c}`])
  const good = [['周小山', 'zhouxs', '村干部', codes[0], '138 0000 0001'], ['吴小溪', 'wuxx', '村干部', codes[1], '']]
  const pick = (rows) => page.locator('input[type=file]').setInputFiles({ name: 'people.xlsx', mimeType: 'application/octet-stream', buffer: workbook([head, ...rows]) })
  const check = page.getByRole('button', { name: words['accounts.bulk_check'], exact: true })
  await pick([good[0], ['吴小溪', 'zhouxs', '村长', codes[1], '']])
  await check.click()
  await page.getByText(words['invitations/no-role'].detail.replace('{given}', '村长')).waitFor()
  await page.getByText(words['invitations/twice'].detail.replace('{row}', '2')).waitFor()
  await accessible(page)
  // Mended, all of them are invited.
  await pick(good)
  await check.click()
  await page.getByRole('button', { name: words['accounts.bulk_all'].replace('{good}', '2') }).click()
  await page.getByText(words['accounts.bulk_made'].replace('{count}', '2')).waitFor()
  assert.equal(await page.locator('.slips li').count(), 2)
  await accessible(page)
  const waiting = page.waitForEvent('download')
  await page.getByRole('link', { name: words['accounts.bulk_sheet'] }).click()
  assert.equal((await waiting).suggestedFilename(), 'qianwan-invitations.xlsx')
  const link = await page.locator('.slips code').first().textContent()
  await person.finish()

  const invited = await open(browser, server)
  await invited.page.goto(link)
  const password = 'correct horse 电池'
  await invited.page.locator('input[name=password]').fill(password)
  await invited.page.locator('input[name=again]').fill(password)
  await invited.page.locator('form[action="/link"] button[type=submit]').click()
  await invited.page.waitForURL((url) => url.pathname === '/login')
  await signIn(invited, { name: 'zhouxs', password }, '/console/')
  const { json: session } = await ask(invited, '/api/session')
  assert.deepEqual([session.account.display, session.posts[0].role], ['周小山', 'village'])
  await invited.finish()
})

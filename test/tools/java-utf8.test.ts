import { expect, test } from '@jest/globals'
import { javaText } from '../../src/tools/java-utf8.ts'

test.each([
  { bytes: [0x61, 0xc3, 0xa4], text: 'aä' },
  { bytes: [0xe2, 0x82, 0x61], text: '\ufffda' },
  { bytes: [0xf0, 0x9f, 0x98, 0x80], text: '😀' },
  // What Java's own class makes of them, tried with version 17.
  { bytes: [0xed, 0xa0, 0x80], text: '\ufffd' },
  { bytes: [0x40, 0xed, 0xa2, 0x30], text: '@\ufffd0' },
  { bytes: [0x61, 0xed, 0xbf, 0xbf, 0xff, 0x62], text: 'a\ufffd\ufffdb' },
  { bytes: [0xc3, 0xed, 0xa1, 0x8c, 0xed, 0x9f, 0xbf], text: '\ufffd\ufffd\ud7ff' }
])('$bytes are text as to Java', ({ bytes, text }) => {
  expect(javaText(Buffer.from(bytes))).toBe(text)
})

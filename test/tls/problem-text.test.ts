import { expect, test } from '@jest/globals'
import { certificateProblemText, storeProblemText } from '../../src/tls/problem-text.ts'

test.each([
  { message: 'CA signature digest algorithm too weak', says: /^it is signed by means of a hash that is too weak/ },
  { message: 'EE certificate key too weak', says: /^a key is too short$/ }
])('a certificate that OpenSSL holds to be too weak is told in one line: $message', ({ message, says }) => {
  // Node.js has no code for it.
  expect(certificateProblemText({ code: 'UNSPECIFIED', message })).toMatch(says)
})

test.each([
  { message: 'error:0A00018E:SSL routines::ca md too weak', says: /^it is signed by means of a hash/ },
  { message: 'error:0A00018F:SSL routines::ee key too small', says: /^a key is too short$/ },
  { message: 'error:0909006C:PEM routines:get_name:\nno start line', says: /^[^\n]*no start line$/ }
])('so is a store: $message', ({ message, says }) => {
  expect(storeProblemText(new Error(message))).toMatch(says)
})

import { describe, expect, test } from '@jest/globals'
import { readDer } from '../../src/tls/der.ts'
import { commonNameOf, distinguishedNameOf } from '../../src/tls/distinguished-name.ts'

/** Subjects of certificates that OpenSSL made, and what `X500Principal.getName()` of Java 17 says of them. */
const names = [
  {
    text: 'CN=client one,OU=R&D,O=Example\\, Inc.,L=München,ST=Bayern,C=DE',
    der: '306c310b3009060355040613024445310f300d06035504080c0642617965726e3111300f06035504070c084dc3bc6e6368656e31163014060355040a0c0d4578616d706c652c20496e632e310c300a060355040b0c035226443113301106035504030c0a636c69656e74206f6e65'
  },
  {
    text: 'CN=joe,UID=joe,DC=example,DC=org',
    der: '305131133011060a0992268993f22c64011916036f726731173015060a0992268993f22c64011916076578616d706c6531133011060a0992268993f22c6401010c036a6f65310c300a06035504030c036a6f65'
  },
  {
    text: 'CN=joe,1.2.840.113549.1.9.1=#160f6a6f65406578616d706c652e6f7267',
    der: '302e311e301c06092a864886f70d010901160f6a6f65406578616d706c652e6f7267310c300a06035504030c036a6f65'
  },
  {
    text: 'CN=joe+UID=1234,O=Example',
    der: '30343110300e060355040a0c074578616d706c653120300a06035504030c036a6f653012060a0992268993f22c6401010c0431323334'
  },
  { text: 'CN=\\ lead and trail\\ ', der: '301b3119301706035504030c10206c65616420616e6420747261696c20' },
  { text: 'CN=a\\+b \\"q\\" \\<x\\>\\;y\\=z\\#h', der: '301c311a301806035504030c11612b6220227122203c783e3b793d7a2368' },
  { text: 'CN=\\#start', der: '3011310f300d06035504030c06237374617274' },
  {
    text: 'CN=x,2.5.4.4=#0c03446f65,2.5.4.42=#0c024a6f,2.5.4.12=#0c024472,2.5.4.5=#13023432',
    der: '3041310b3009060355040513023432310b3009060355040c0c024472310b3009060355042a0c024a6f310c300a06035504040c03446f65310a300806035504030c0178'
  },
  {
    text: 'CN=back\\\\slash,2.5.4.17=#0c03313233,STREET=Main St 1',
    der: '30373112301006035504090c094d61696e2053742031310c300a06035504110c033132333113301106035504030c0a6261636b5c736c617368'
  },
  { text: 'CN=日本語', der: '30143112301006035504030c09e697a5e69cace8aa9e' },
  {
    text: 'CN=three,CN=two,O=B,O=A,2.5.4.15=#0c0178',
    der: '3042310a3008060355040f0c0178310a3008060355040a0c0141310a3008060355040a0c0142310c300a06035504030c0374776f310e300c06035504030c057468726565'
  },
  { text: 'CN=T61é', der: '3010310e300c06035504030c05543631c3a9' },
  { text: 'CN=\\ \\ ', der: '300d310b300906035504030c022020' }
]

describe('a distinguished name', () => {
  test.each(names)('is written as Java writes it: $text', ({ text, der }) => {
    expect(distinguishedNameOf(readDer(Buffer.from(der, 'hex')))).toBe(text)
  })

  test('has as its common name the last of them', () => {
    const der = names.find(({ text }) => text.startsWith('CN=three'))?.der ?? ''

    expect(commonNameOf(readDer(Buffer.from(der, 'hex')))).toBe('three')
  })
})

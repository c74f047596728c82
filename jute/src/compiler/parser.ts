import { JuteCompileError, type SourceFile, type SourceSpan } from './compile-error.ts'
import { type Token, tokenize } from './lexer.ts'
import {
  type FieldSyntax,
  type FileSyntax,
  type IncludeSyntax,
  isPrimitiveName,
  KEYWORDS,
  type ModuleSyntax,
  type RecordSyntax,
  type TypeSyntax
} from './syntax.ts'

/**
 * Parses one file.
 *
 *     file    = { "include" STRING } { module }
 *     module  = "module" name { "." name } "{" { record } "}"
 *     record  = "class" name "{" field { field } "}"
 *     field   = type name ";"
 *     type    = primitive | "vector" "<" type ">" | "map" "<" type "," type ">" | name { "." name }
 *
 * @throws JuteCompileError at the first mistake
 */
export function parse(file: SourceFile): FileSyntax {
  return new Parser(tokenize(file)).file()
}

class Parser {
  readonly #tokens: readonly Token[]
  #index = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  file(): FileSyntax {
    const includes: IncludeSyntax[] = []
    while (this.#take('include') !== null) {
      const path = this.#next()
      if (path.kind !== 'string') throw expected('a file name in double quotes', path)
      includes.push({ path: path.text, span: path.span })
    }
    const modules: ModuleSyntax[] = []
    while (this.#peek().kind !== 'end') modules.push(this.#module())
    return { includes, modules }
  }

  #module(): ModuleSyntax {
    const keyword = this.#expect('module')
    const { name, span } = this.#dottedName('the name of the module')
    this.#expect('{')
    const records: RecordSyntax[] = []
    while (this.#take('}') === null) records.push(this.#record())
    return { name, doc: keyword.doc, span, records }
  }

  #record(): RecordSyntax {
    const keyword = this.#expect('class')
    const name = this.#name('the name of the class')
    const open = this.#expect('{')
    const fields: FieldSyntax[] = []
    for (;;) {
      const close = this.#take('}')
      if (close === null) {
        fields.push(this.#field())
        continue
      }
      // A record without fields takes no bytes: a vector of them could claim any count.
      if (fields.length === 0) throw new JuteCompileError(`class ${name.text} has no fields`, name.span)
      return { name: name.text, doc: keyword.doc || open.trailingDoc, span: name.span, fields }
    }
  }

  #field(): FieldSyntax {
    const { doc } = this.#peek()
    const type = this.#type()
    const name = this.#name('the name of the field')
    const semicolon = this.#expect(';')
    return { name: name.text, doc: doc || semicolon.trailingDoc, span: name.span, type }
  }

  #type(): TypeSyntax {
    const word = this.#peek()
    if (word.kind !== 'word') throw expected('a type', word)
    if (isPrimitiveName(word.text)) {
      this.#next()
      return { kind: 'primitive', name: word.text }
    }
    if (this.#take('vector') !== null) {
      this.#expect('<')
      const item = this.#type()
      this.#expect('>')
      return { kind: 'vector', item }
    }
    if (this.#take('map') !== null) {
      this.#expect('<')
      const keySpan = this.#peek().span
      const key = this.#type()
      this.#expect(',')
      const value = this.#type()
      this.#expect('>')
      return { kind: 'map', key, value, keySpan }
    }
    return { kind: 'named', ...this.#dottedName('a type') }
  }

  #dottedName(what: string): { name: string; span: SourceSpan } {
    const first = this.#name(what)
    let name = first.text
    let last = first
    while (this.#take('.') !== null) {
      last = this.#name('a name after the dot')
      name += `.${last.text}`
    }
    return { name, span: { ...first.span, end: last.span.end } }
  }

  #name(what: string): Token {
    const token = this.#next()
    if (token.kind !== 'word') throw expected(what, token)
    if (KEYWORDS.includes(token.text)) {
      throw new JuteCompileError(`'${token.text}' is a word of the language; ${what} is expected here`, token.span)
    }
    return token
  }

  #expect(text: string): Token {
    const token = this.#take(text)
    if (token === null) throw expected(`'${text}'`, this.#peek())
    return token
  }

  #take(text: string): Token | null {
    const token = this.#peek()
    if (token.kind === 'string' || token.text !== text) return null
    return this.#next()
  }

  #next(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#index++
    return token
  }

  #peek(): Token {
    const token = this.#tokens[this.#index]
    if (token === undefined) throw new RangeError('the tokens do not end with an end token')
    return token
  }
}

function expected(what: string, found: Token): JuteCompileError {
  const shown = found.kind === 'end' ? 'the end of the file' : found.kind === 'string' ? 'a string' : `'${found.text}'`
  return new JuteCompileError(`expected ${what}, found ${shown}`, found.span)
}

import fc from 'fast-check'
import { PRIMITIVE_NAMES } from '../../src/compiler/syntax.ts'

const MODULES = ['alpha.one', 'alpha.two', 'beta.one']

const primitive = fc.constantFrom<string>(...PRIMITIVE_NAMES)
const key = fc.constantFrom('byte', 'boolean', 'int', 'long', 'double', 'ustring')

/** A type that may use the records declared so far, by their full names. */
function typeText(declared: readonly string[]): fc.Arbitrary<string> {
  const { type } = fc.letrec<{ type: string; vector: string; map: string; leaf: string }>((tie) => ({
    leaf: declared.length === 0 ? primitive : fc.oneof(primitive, fc.constantFrom(...declared)),
    vector: tie('type').map((item) => `vector<${item}>`),
    map: fc.tuple(key, tie('type')).map(([from, to]) => `map<${from}, ${to}>`),
    type: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'type' },
      { arbitrary: tie('leaf'), weight: 5 },
      { arbitrary: tie('vector'), weight: 2 },
      { arbitrary: tie('map'), weight: 1 }
    )
  }))
  return type
}

/** Declarations in three modules; each record may hold those before it. */
export const schemaText: fc.Arbitrary<string> = fc
  .array(fc.tuple(fc.constantFrom(...MODULES), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 5 })
  .chain((plan) => {
    const names = plan.map(([module], index) => `${module}.R${index}`)
    const records = plan.map(([module, fieldCount], index) =>
      fc.array(typeText(names.slice(0, index)), { minLength: fieldCount, maxLength: fieldCount }).map((types) => {
        const fields = types.map((type, field) => `${type} f${field};`).join(' ')
        return `module ${module} { class R${index} { ${fields} } }`
      })
    )
    return fc.tuple(...records).map((texts) => texts.join('\n'))
  })

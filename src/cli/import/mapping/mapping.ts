// The mapping file: how the rows of a file become actions. Reads the YAML strictly and reports
// every mistake with its line and column; applying it is map-row.ts.
import { isMap, isScalar, isSeq } from 'yaml'
import { parseSource } from '../../../definition/document/document.ts'
import { type Field, Fields } from '../../../definition/document/fields.ts'
import type { Problem } from '../../../definition/document/problems.ts'
import { type Cell, cellNamed, type FieldRule, MappingRules } from './mapping-rules.ts'
import type { RowExpression } from './row-expression.ts'
import { createTimeReader, isZone, NAMED_FORMATS, type TimeReader } from './time-column.ts'

export interface Mapping {
  /** Character between the columns of CSV; undefined if the file's name decides. */
  delimiter: string | undefined
  /** Texts count without the blanks around them. */
  trim: boolean
  time: { cell: Cell; reader: TimeReader } | undefined
  skip: { when: RowExpression; reason: string }[]
  /** By the name of the action's field: `userId`, `object.id`, `properties.price` … */
  fields: Map<string, FieldRule>
  /** Every column that is named anywhere. */
  columns: Set<string>
}

const KEYS = ['delimiter', 'trim', 'time', 'skip', 'fields']
const FORMAT_HINT = `Write luxon tokens, such as "yyyy-MM-dd HH:mm:ss", or one of ${NAMED_FORMATS.join(', ')}.`
const DELIMITER_HINT = 'Write one character: "," or ";" or "\\t".'

/** Parses a mapping. Never throws for what the text says. */
export function parseMapping(text: string): { mapping: Mapping } | { problems: Problem[] } {
  const { document, problems } = parseSource(text)
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { problems: problems.list() }
  const fields = new Fields(document, problems)
  if (!isMap(document.contents)) {
    problems.add(0, '', 'A mapping must be a map', `It takes ${KEYS.join(', ')}.`)
    return { problems: problems.list() }
  }
  const top = fields.map(document.contents, '', 0, KEYS)!
  const columns = new Set<string>()
  const rules = new MappingRules(fields, text, columns)
  const mapping: Mapping = {
    delimiter: readDelimiter(fields, top.get('delimiter')),
    trim: readTrim(fields, top.get('trim')),
    time: readTime(fields, top.get('time'), columns),
    skip: readSkip(fields, rules, top.get('skip')),
    fields: rules.read(top.get('fields')),
    columns,
  }
  checkTime(fields, mapping, top)
  return problems.any ? { problems: problems.list() } : { mapping }
}

function readDelimiter(fields: Fields, field: Field | undefined): string | undefined {
  const text = field && fields.text(field, DELIMITER_HINT)
  if (!text) return undefined
  if ([...text.value].length !== 1 || /["\r\n]/.test(text.value)) {
    fields.problems.add(text, field.path, 'Not a delimiter', DELIMITER_HINT)
  }
  return text.value
}

function readTrim(fields: Fields, field: Field | undefined): boolean {
  if (!field) return true
  const value = isScalar(field.value) ? field.value.value : undefined
  if (typeof value === 'boolean') return value
  fields.problems.add(
    field.value ?? field.key,
    field.path,
    '`trim` must be true or false',
    'The default is true.',
  )
  return true
}

function readTime(fields: Fields, field: Field | undefined, columns: Set<string>): Mapping['time'] {
  if (!field) return undefined
  const parts = fields.map(field.value, field.path, field.key, ['column', 'format', 'zone'])
  if (!parts) return undefined
  const column = required(fields, parts, 'column', field, 'Name the column: `column: InvoiceDate`.')
  const format = required(fields, parts, 'format', field, FORMAT_HINT)
  const zoneField = parts.get('zone')
  const zone = zoneField && fields.text(zoneField, 'Write an IANA name: `zone: Europe/London`.')
  if (zone && !isZone(zone.value)) {
    fields.problems.add(
      zone,
      zoneField.path,
      `Unknown time zone: ${zone.value}`,
      'Write an IANA name: `Europe/London`.',
    )
    return undefined
  }
  if (!column || !format) return undefined
  const reader = createTimeReader(format.value, zone?.value ?? 'UTC')
  if (!reader) {
    fields.problems.add(
      format,
      parts.get('format')!.path,
      `Not a format of dates: ${format.value}`,
      FORMAT_HINT,
    )
    return undefined
  }
  columns.add(column.value)
  return { cell: cellNamed(column.value), reader }
}

/** The text of a part that must be there. */
function required(fields: Fields, parts: Map<string, Field>, name: string, parent: Field, hint: string) {
  const part = parts.get(name)
  if (part) return fields.text(part, hint)
  fields.problems.add(parent.key, `${parent.path}.${name}`, `\`${name}\` is missing`, hint)
  return undefined
}

function readSkip(fields: Fields, rules: MappingRules, field: Field | undefined): Mapping['skip'] {
  if (!field) return []
  const example = 'Write a list: `- { when: \'row.UserId == ""\', reason: no user }`.'
  if (!isSeq(field.value)) {
    fields.problems.add(field.value ?? field.key, field.path, '`skip` must be a list', example)
    return []
  }
  return field.value.items.flatMap((item, index) => {
    const node = isMap(item) || isScalar(item) ? item : undefined
    const entry = { name: String(index), path: `skip.${index}`, key: node ?? field.key, value: node }
    const parts = fields.map(node, entry.path, field.key, ['when', 'reason'])
    if (!parts) return []
    const when = required(fields, parts, 'when', entry, example)
    const reason = required(fields, parts, 'reason', entry, example)
    const expression = when && rules.expression(parts.get('when')!, when, true)
    return expression && reason ? [{ when: expression, reason: reason.value }] : []
  })
}

function checkTime(fields: Fields, mapping: Mapping, top: Map<string, Field>): void {
  const time = top.get('time')
  const occurredAt = mapping.fields.has('occurredAt')
  if (time && occurredAt) {
    const hint = 'Keep `time`, or compute the instant in `fields.occurredAt`.'
    fields.problems.add(time.key, 'time', '`time` and `fields.occurredAt` say the same', hint)
  }
  if (!time && !occurredAt && top.get('fields')) {
    const hint = `Add \`time: { column: …, format: … }\`. ${FORMAT_HINT}`
    fields.problems.add(0, 'time', 'The mapping does not say when an action happened', hint)
  }
}

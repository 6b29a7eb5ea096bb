// What `pulseprint import --help` says beyond its options.

export const IMPORT_HELP = `
NDJSON without --map: every line is an action as POST /v1/actions takes it.
CSV has a header row; its rows, and other NDJSON, become actions by a mapping:

  delimiter: ","
  time: { column: InvoiceDate, format: "yyyy-MM-dd HH:mm:ss", zone: Europe/London }
  skip:
    - { when: 'row.CustomerID == ""', reason: no CustomerID }
  fields:
    userId: { column: CustomerID }
    action: { cel: 'row.InvoiceNo.startsWith("C") ? "cancel" : "purchase"' }
    object.type: { value: product }
    object.id: { column: StockCode }
    properties.price: { column: UnitPrice, type: number }

delimiter default ",", or a tab for .tsv; a header that comes again in the file is skipped
trim      default true: blanks around texts count nowhere; false keeps them
time      luxon tokens, or iso, epoch-ms, epoch-s; the zone holds where the text names none (UTC)
skip      rows to leave out, with the reason they are counted under
fields    id, userId, anonymousId, action, occurredAt, object.type, object.id, channel, place,
          properties.NAME, each from a column (type string, number, integer or boolean), a CEL
          expression over row, or a fixed value; an empty cell is left out. In NDJSON,
          column: user.id is also a path

A row without an id gets one from the name of the import and its row number. An import that was
interrupted, killed or lost its engine goes on with the same command and counts no row twice. Its
place is found by the file's name and beginning, from any folder: $XDG_STATE_HOME or ~/.local/state
has it in pulseprint/imports.
Stages and rules need a user's rows in the order of their times. The import says which rows are not,
and which came more than the definition's historyWait after the row before; --sort sends them in
order, also from files larger than memory.
Rejected rows are written beside the checkpoint, one JSON line each. An import that takes no row
because all are rejected exits with 1.

Examples:
  pulseprint import actions.ndjson.gz --sort
  pulseprint import sales.csv --map sales.yaml
  zcat part-*.csv.gz | pulseprint import - --format csv --map sales.yaml --name sales-2026`

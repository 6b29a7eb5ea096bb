export function docsPage(document: object): string {
  return JSON.stringify(document)
}

// How the page at /docs looks, by day and by night, on a desk and on a phone.

export const STYLE = `
:root { --paper: #fff; --ink: #1c2126; --quiet: #5b6670; --line: #dfe4e8; --shade: #f4f6f8; --link: #0b5cad; --get: #0b6b4f; --post: #8a4b08; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --ink: #e4e8eb; --quiet: #9aa6b0; --line: #2c343b; --shade: #1c2227; --link: #74b4f5; --get: #5fd0a8; --post: #f0b15e; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; display: grid; grid-template-columns: 19rem minmax(0, 1fr); background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); background: var(--shade); font-size: .85rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: block; padding: .15rem 0; color: inherit; text-decoration: none; overflow-wrap: anywhere; }
nav li a:hover { text-decoration: underline; }
nav h2 { margin: 1.2rem 0 .3rem; padding: 0; border: 0; font-size: .75rem; letter-spacing: .08em; text-transform: uppercase; color: var(--quiet); }
.brand { font-size: 1.1rem; }
main { max-width: 60rem; padding: 2rem clamp(1rem, 4vw, 3rem) 6rem; }
h1 { margin: 0; font-size: 1.9rem; }
h2 { margin: 3rem 0 .5rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.4rem; text-transform: capitalize; }
h3 { margin: 0 0 .3rem; font-size: 1.05rem; }
h4 { margin: 1.2rem 0 .4rem; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--quiet); }
section { padding: 1.8rem 0 .5rem; }
section h3 a { color: inherit; text-decoration: none; }
p { margin: .4rem 0; }
.lead, .summary { color: var(--quiet); }
a { color: var(--link); }
code { font: .88em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { margin: .6rem 0; padding: .8rem 1rem; overflow: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--shade); line-height: 1.45; }
pre code { overflow-wrap: normal; }
.method { font: 600 .78em ui-monospace, Menlo, Consolas, monospace; color: var(--get); }
.method.post { color: var(--post); }
.required { color: var(--post); font-size: .75rem; font-weight: 600; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th { text-align: left; font-weight: 600; color: var(--quiet); }
th, td { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { min-width: 10rem; }
tr:target td { background: var(--shade); }
details { margin: .6rem 0; }
details summary { cursor: pointer; color: var(--quiet); }
dl { margin: .5rem 0; display: grid; grid-template-columns: 3.5rem 1fr; gap: .3rem; font-size: .9rem; }
dt { font-weight: 600; }
dd { margin: 0; }
@media (max-width: 50rem) {
  body { display: block; }
  td:first-child { min-width: 0; }
  nav { position: static; height: auto; max-height: 45vh; border-right: 0; border-bottom: 1px solid var(--line); }
}
`

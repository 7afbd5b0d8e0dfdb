"""How the report looks, light and dark (pure)."""

CSS = """
:root { color-scheme: light dark; --page:#f6f7f9; --card:#fff; --text:#1d2530; --soft:#5b6675;
  --rule:#dfe3e8; --a:#2563c9; --b:#0a8f6a; --c:#c2410c; --d:#7a4fd0; --e:#8a94a3; --good:#0a8f6a;
  --bad:#c8323a; }
@media (prefers-color-scheme: dark) { :root { --page:#12161c; --card:#1a2029; --text:#e6eaf0;
  --soft:#9aa5b4; --rule:#2d3642; --a:#6ea8ff; --b:#3ecf9f; --c:#ff9a5c; --d:#b79bff; --e:#7d8897;
  --good:#3ecf9f; --bad:#ff7b7f; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--page); color:var(--text);
  font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif; }
main { max-width:1080px; margin:0 auto; padding:24px 16px 48px; }
h1 { font-size:24px; margin:0 0 2px; } h2 { font-size:18px; margin:32px 0 10px; }
time { white-space:nowrap; } .sub { color:var(--soft); margin:0 0 18px; overflow-wrap:anywhere; }
.warn { border-left:4px solid var(--bad); padding:8px 12px; background:var(--card); }
.note { border-left:4px solid var(--e); padding:8px 12px; margin:0 0 18px; color:var(--soft);
  background:var(--card); } .note ul { margin:2px 0 0; padding-left:20px; }
.tiles { display:grid; gap:10px;
  grid-template-columns:repeat(auto-fit,minmax(min(220px,46%),1fr)); }
.tile,figure,.table { background:var(--card); border:1px solid var(--rule); border-radius:8px; }
.tile { padding:10px 12px; } .tile b { display:block; font-size:20px; font-weight:600;
  font-variant-numeric:tabular-nums; overflow-wrap:anywhere; }
.tile span,.tile small { color:var(--soft); font-size:13px; }
.pos { color:var(--good); } .neg { color:var(--bad); }
figure { margin:12px 0; padding:10px 12px; overflow-x:auto; }
figcaption { display:flex; flex-wrap:wrap; gap:4px 16px; justify-content:space-between;
  font-size:14px; }
figcaption span { color:var(--soft); }
.key { margin-left:14px; white-space:nowrap; }
.key::before { content:""; display:inline-block; width:12px; height:3px; margin:0 5px 3px 0;
  border-radius:2px; background:currentColor; }
.key.a::before { background:var(--a); } .key.b::before { background:var(--b); }
.key.c::before { background:var(--c); } .key.d::before { background:var(--d); }
.key.e::before { background:var(--e); }
.key.up::before,.key.down::before { width:auto; height:auto; margin-bottom:0; background:none; }
.key.up::before { content:"▲"; } .key.down::before { content:"▼"; }
.key.up.b::before { color:var(--b); } .key.down.c::before { color:var(--c); }
svg { display:block; width:100%; height:auto; } svg.narrow { display:none; }
@media (max-width:600px) { svg.wide { display:none; } svg.narrow { display:block; } }
svg text { font-size:12px; fill:var(--soft); } svg .end { text-anchor:end; }
svg .mid,svg .value { text-anchor:middle; } svg .value { fill:var(--text); }
.grid { stroke:var(--rule); } .axis { stroke:var(--soft); }
.line { fill:none; stroke-width:1.5; stroke-linejoin:round; vector-effect:non-scaling-stroke; }
.line.a { stroke:var(--a); } .line.b { stroke:var(--b); } .line.c { stroke:var(--c); }
.line.d { stroke:var(--d); } .line.e { stroke:var(--e); }
.area { opacity:.14; stroke:none; } .area.a { fill:var(--a); } .area.b { fill:var(--b); }
.area.c { fill:var(--c); } .area.d { fill:var(--d); }
.mark { stroke:var(--card); stroke-width:.8; } .mark.b { fill:var(--b); } .mark.c { fill:var(--c); }
rect.good { fill:var(--good); } rect.bad { fill:var(--bad); }
.pair { display:grid; grid-template-columns:repeat(auto-fit,minmax(320px,1fr)); gap:0 12px; }
.table { overflow-x:auto; margin:12px 0; background:
  linear-gradient(to left,var(--card) 40%,transparent) right/48px 100% no-repeat local,
  linear-gradient(to left,var(--rule),transparent) right/16px 100% no-repeat scroll,var(--card); }
table { border-collapse:separate; border-spacing:0; width:100%;
  font-size:14px; font-variant-numeric:tabular-nums; }
th,td { padding:6px 12px; text-align:right; white-space:nowrap;
  border-bottom:1px solid var(--rule); }
th { color:var(--soft); font-weight:500; }
th:first-child,td:first-child { text-align:left; position:sticky; left:0;
  background:var(--card); }
tr:last-child td { border-bottom:0; }
pre { background:var(--card); border:1px solid var(--rule); border-radius:8px; padding:12px;
  overflow-x:auto; font-size:13px; } .none { color:var(--soft); margin:6px 0; }
@media print { body { background:#fff; } figure,.tile { break-inside:avoid; } }
"""

"""The look of the report: for a phone, a screen and paper; no file, font or script from elsewhere."""

STYLE = """
:root{color-scheme:light;--ink:#1b2430;--soft:#5a6675;--paper:#fff;--ground:#f3f5f8;--faint:#dfe4ea;
--good:#1d7a4a;--tolerable:#8a5a00;--over:#b3261e;--low:#8fb7d9;--medium:#e2b04a;--high:#d9692f;
--critical:#a3161a;--none:#c3cbd5}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,-apple-system,"Segoe UI","Noto Sans CJK SC","Noto Sans SC","PingFang SC",
"Microsoft YaHei",sans-serif;color:var(--ink);background:var(--ground);margin:0}
main{max-width:1120px;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0 .4rem}
h2{font-size:1.2rem;margin:0 0 .6rem}
p{margin:.3rem 0}.soft{color:var(--soft);font-size:.9rem}
.note{border-left:4px solid var(--tolerable);background:#fff8e8;padding:.5rem .8rem;margin:.6rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:.8rem;margin:1.2rem 0}
.tile,section{background:var(--paper);border:1px solid var(--faint);border-radius:8px}
.tile{padding:.8rem 1rem}.tile b{display:block;font-size:1.6rem;line-height:1.3;font-weight:650;
font-variant-numeric:tabular-nums}
section{padding:1.1rem 1.2rem;margin:1rem 0}
.scroll{overflow-x:auto}
.photos{display:flex;flex-wrap:wrap;gap:.8rem}figure{margin:0;max-width:320px}
figure img{max-width:100%;max-height:320px;display:block}figcaption{font-size:.85rem;color:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:600;text-align:left;border-bottom:2px solid var(--faint);
padding:.35rem .7rem .35rem 0;vertical-align:bottom}
td{border-bottom:1px solid var(--faint);
padding:.4rem .7rem .4rem 0;vertical-align:top;overflow-wrap:break-word}
th.n,td.n{text-align:right}th:not(.n),td.n{white-space:nowrap}
td.good:not(.long),td.tolerable:not(.long),td.over:not(.long),td.unknown:not(.long){white-space:nowrap}
td.good{color:var(--good)}td.tolerable{color:var(--tolerable);font-weight:600}
td.over{color:var(--over);font-weight:600}td.unknown{color:var(--soft)}
.good b{color:var(--good)}.over b{color:var(--over)}
svg{display:block;width:100%}svg.days{height:150px;border-bottom:1px solid var(--soft)}
svg.share{height:12px;border-radius:3px;background:var(--none)}svg.strip{height:22px}
svg.time{background:var(--ground)}svg.time rect.dark{fill:var(--soft)}
rect.low{fill:var(--low)}rect.medium{fill:var(--medium)}rect.high{fill:var(--high)}
rect.critical{fill:var(--critical)}rect.dark,rect.unknown{fill:var(--none)}
rect.good{fill:#58a57c}rect.over{fill:var(--over)}rect.tolerable{fill:var(--medium)}
.axis{display:flex;justify-content:space-between;color:var(--soft);font-size:.82rem;margin:.2rem 0 .8rem}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.85rem;color:var(--soft);margin:.3rem 0 .6rem}
.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em;vertical-align:-.05em}
i.low{background:var(--low)}i.medium{background:var(--medium)}i.high{background:var(--high)}
i.critical{background:var(--critical)}i.unknown,i.dark{background:var(--none)}i.good{background:#58a57c}
i.over{background:var(--over)}i.tolerable{background:var(--medium)}
.bars{display:grid;grid-template-columns:minmax(7rem,14rem) 1fr 5.2rem;gap:.35rem .8rem;align-items:center;
font-size:.9rem;margin:.4rem 0 1rem}.bars .n{text-align:right;font-variant-numeric:tabular-nums}
summary{cursor:pointer;color:var(--soft);margin:.3rem 0}
footer{color:var(--soft);font-size:.85rem;margin-top:1.5rem}
@media(max-width:640px){
main{padding:1rem .6rem 2rem}h1{font-size:1.35rem}section{padding:.9rem .8rem}
.tiles{grid-template-columns:1fr 1fr;gap:.5rem}.tile{padding:.6rem .7rem}.tile b{font-size:1.25rem}
.bars{grid-template-columns:1fr 5rem;grid-auto-flow:dense}.bars svg{grid-column:1/-1}
table.wide thead{display:none}table.wide,table.wide tbody{display:block}
table.wide tr{display:grid;grid-template-columns:1fr 1fr;gap:.1rem .8rem;padding:.55rem 0;
border-bottom:1px solid var(--faint)}
table.wide td{border:0;padding:0;text-align:left;white-space:normal!important}
table.wide td:before{content:attr(data-label);display:block;color:var(--soft);font-size:.75rem}
table.wide td.head,table.wide td.long{grid-column:1/-1}
table.wide td.head{font-weight:650;order:-1}
table.wide td.head:before{display:none}table.wide td:empty,#kpi td:first-child{display:none}
}
@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}
section,.tile{border-color:#bbb;break-inside:avoid-page}section{break-inside:auto}
tr{break-inside:avoid}h2{break-after:avoid}details>*{display:block}}
"""

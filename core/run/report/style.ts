/** How a report looks: in light and dark, on a phone and on paper. Colours are told apart with any vision (Okabe and Ito). */
export const STYLE = `
:root{color-scheme:light dark;--page:#fff;--card:#f6f7f9;--ink:#1d2330;--soft:#5b6475;--line:#dfe3ea;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b4588f;--c4:#b98500;--c5:#2f9fd6;--c6:#6b4fa0;--muted:#8a93a3;
--good:#e8f4ee;--goodline:#009e73;--bad:#fbece3;--badline:#d55e00}
@media (prefers-color-scheme:dark){:root{--page:#14171d;--card:#1c2129;--ink:#e6e9ef;--soft:#a0a9b8;--line:#313846;
--c0:#5bb5ea;--c1:#ff9350;--c2:#3ccfa3;--c3:#e59ac6;--c4:#f0bd3f;--c5:#93d4f7;--c6:#b9a0ea;--muted:#7d8798;
--good:#14261f;--goodline:#3ccfa3;--bad:#2c1d15;--badline:#ff9350}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;overflow-wrap:break-word;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:2.5rem 1.25rem 4rem}
header{margin-bottom:1.75rem}
h1{font-size:1.9rem;line-height:1.2;margin:.1rem 0 .3rem;font-weight:650;overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;margin:0 0 1rem;font-weight:650}
h3{font-size:.95rem;margin:0 0 .5rem;font-weight:600}
p{margin:0 0 1rem;max-width:70ch}
section{margin:0 0 3.25rem}
.kind{margin:0;color:var(--soft);font-size:.85rem;letter-spacing:.02em}
.lead{color:var(--soft);margin:0;max-width:none;overflow-wrap:anywhere}
.small,.notes,figcaption{font-size:.85rem;color:var(--soft)}
.notes{padding-left:1.1rem;margin:1rem 0 0}
.missing{color:var(--soft);font-style:italic}
code{font:.85em ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
.problems{background:var(--bad);border-left:4px solid var(--badline);border-radius:6px;padding:.8rem 1rem .8rem 2rem;
overflow-wrap:anywhere}
.verdict{background:var(--card);border-left:5px solid var(--muted);border-radius:10px;padding:1.5rem 1.5rem 1.25rem}
.verdict.ahead{background:var(--good);border-color:var(--goodline)}
.verdict.behind{background:var(--bad);border-color:var(--badline)}
.headline{font-size:1.45rem;line-height:1.35;font-weight:600;margin:0 0 1rem;max-width:none}
.verdict ul{margin:0 0 1.25rem;padding-left:1.1rem}
.verdict li{margin:.2rem 0;max-width:75ch}
.gap{position:relative;height:4.4rem;margin:0 0 .5rem}
.gap .track,.gap .way{position:absolute;top:1.95rem;height:.3rem;border-radius:1rem}
.gap .track{left:0;right:0;background:var(--line)}
.gap .way{background:var(--c0)}
.stop{position:absolute;top:1.6rem;width:1rem;height:1rem;margin-left:-.5rem;border-radius:50%;background:var(--muted);
border:3px solid var(--page)}
.stop.student{background:var(--c0)}.stop.teacher{background:var(--c1)}
.told{position:absolute;white-space:nowrap;font-size:.85rem;color:var(--soft);top:2.9rem}
.told.student{top:0;color:var(--ink)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem 1.5rem;margin:0}
.tiles dt{font-size:.8rem;color:var(--soft)}.tiles dd{margin:0;font-size:1.2rem;font-weight:600;
font-variant-numeric:tabular-nums}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(19rem,100%),1fr));gap:1rem}
.card{background:var(--card);border-radius:10px;padding:1.1rem 1.25rem;min-width:0}
.card p{font-size:.95rem}
.facts{margin:0;font-size:.9rem}
.facts div{display:grid;grid-template-columns:minmax(6.5rem,34%) minmax(0,1fr);gap:.75rem;padding:.28rem 0;
border-top:1px solid var(--line)}
.facts dt{color:var(--soft);overflow-wrap:anywhere}.facts dd{margin:0;overflow-wrap:anywhere}
section>.facts{max-width:46rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1.75rem 2rem}
figure{margin:0;min-width:0}
.chart svg:not(.key),.maps svg:not(.key){display:block;width:100%;height:auto}
.chart figcaption p{margin:.3rem 0 0}
svg text{font:11px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--soft);font-variant-numeric:tabular-nums}
.grid{stroke:var(--line);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.line.faint{stroke-width:1;opacity:.35}
.line.dashed,.level{fill:none;stroke-width:1.6;stroke-dasharray:5 4}
.line.c0,.level.c0{stroke:var(--c0)}.line.c1,.level.c1{stroke:var(--c1)}.line.c2,.level.c2{stroke:var(--c2)}
.line.c3,.level.c3{stroke:var(--c3)}.line.c4,.level.c4{stroke:var(--c4)}.line.c5,.level.c5{stroke:var(--c5)}
.line.c6,.level.c6{stroke:var(--c6)}.line.muted,.level.muted{stroke:var(--muted)}
.dot,.mark{stroke:var(--page);stroke-width:.8}
.c0.dot,.c0.mark{fill:var(--c0)}.c1.dot,.c1.mark{fill:var(--c1)}.c2.dot,.c2.mark{fill:var(--c2)}
.c3.dot,.c3.mark{fill:var(--c3)}.c4.dot,.c4.mark{fill:var(--c4)}.c5.dot,.c5.mark{fill:var(--c5)}
.c6.dot,.c6.mark{fill:var(--c6)}
.frame{fill:var(--card)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;margin:.4rem 0 0;padding:0;font-size:.85rem;
color:var(--soft)}
.legend li{display:flex;align-items:baseline;gap:.45rem}
.key{width:22px;height:10px;flex:none}.key.dot{width:12px;height:12px;align-self:center}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.88rem;margin:.5rem 0}
th,td{padding:.32rem .9rem .32rem 0;border-bottom:1px solid var(--line);text-align:left;font-weight:400;
vertical-align:baseline}
thead th{color:var(--soft);font-size:.82rem}tbody th{font-weight:500}th code{white-space:nowrap}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;padding-left:.5rem}
details{margin:1rem 0}summary{cursor:pointer;color:var(--soft)}
pre{background:var(--card);border-radius:8px;padding:1rem;overflow:auto;font:.82rem/1.5 ui-monospace,SFMono-Regular,
Menlo,monospace;max-height:36rem}
.who{font-size:.85rem;color:var(--soft)}.who.student{color:var(--c0)}.who.teacher{color:var(--c1)}
.neighbours{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(31rem,100%),1fr));gap:1.5rem 2.5rem}
article{display:grid;grid-template-columns:5.5rem minmax(0,1fr);gap:1rem;break-inside:avoid;border-top:1px solid
var(--line);padding-top:1rem}
article img{display:block;width:100%;height:auto;border-radius:6px}
.asked span{display:block;font-size:.8rem;color:var(--soft);margin-top:.3rem;overflow-wrap:anywhere}
.row{display:grid;grid-template-columns:5.5rem minmax(0,1fr);align-items:center;gap:.5rem;margin-bottom:.35rem}
.strip{display:grid;grid-template-columns:repeat(5,minmax(0,3.4rem));gap:.35rem}
.picture{position:relative;padding-bottom:5px}
.picture.same::after{content:"";position:absolute;left:0;right:0;bottom:0;height:3px;border-radius:2px;
background:var(--c2)}
.picture.other img{opacity:.72}
.maps{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(17rem,100%),1fr));gap:1.5rem;margin-bottom:1rem}
.maps figcaption{margin-top:.35rem}
.halves{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:2rem}
.halves>div{min-width:0}
.bars{list-style:none;margin:0 0 .6rem;padding:0;font-size:.85rem}
.bars li{display:grid;grid-template-columns:minmax(0,9rem) 1fr 3.2rem;gap:.7rem;align-items:center;padding:.12rem 0}
.bars .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bar{position:relative;height:.95rem;background:var(--card);border-radius:3px}
.bar span{position:absolute;left:0;top:0;bottom:0;background:var(--c0);border-radius:3px;opacity:.85}
.bar i{position:absolute;top:-2px;bottom:-2px;width:0;border-left:2px solid var(--c1)}
.bar i.beginning{border-left:2px dashed var(--ink)}
.bars .value{text-align:right;font-variant-numeric:tabular-nums}
@media (max-width:600px){main{padding:1.5rem 1rem 3rem}h1{font-size:1.55rem}.headline{font-size:1.2rem}
.verdict{padding:1.1rem 1.1rem 1rem}svg text{font-size:13.5px}article{grid-template-columns:4.2rem minmax(0,1fr)}
.row{grid-template-columns:1fr;gap:.15rem}.bars li{grid-template-columns:minmax(0,6.5rem) 1fr 3rem}section{margin-bottom:2.5rem}}
@media print{:root{--page:#fff;--card:#f4f5f7;--ink:#000;--soft:#444;--line:#ccc;--c0:#0072b2;--c1:#d55e00;
--c2:#009e73;--c3:#b4588f;--c4:#b98500;--c5:#2f9fd6;--c6:#6b4fa0;--muted:#777;--good:#fff;--bad:#fff}
body{font-size:11pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}main{max-width:none;padding:0}
figure,.verdict,.card,article,tr{break-inside:avoid}h2{break-after:avoid}details:not([open]),
section:not(:has(>:not(h2,details:not([open])))){display:none}}
`;

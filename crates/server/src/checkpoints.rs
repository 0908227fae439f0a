//! A signed checkpoint to print or send: plain text, and the same in a code that a phone reads.

use domain::basics::Day;
use maud::{DOCTYPE, PreEscaped, html};
use qrcode::{EcLevel, QrCode, render::svg};

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    facts_api,
    wording::text,
};

/// `GET /checkpoints/{county}/{chain}`: the latest of a chain that the caller may read.
pub fn page(ask: &Ask) -> Result<Answer, Problem> {
    let chain = format!("{}/{}", ask.path::<String>(0)?, ask.path::<String>(1)?).parse().map_err(|_| Problem::not_found())?;
    if !facts_api::readable_chains(ask)?.iter().any(|head| head.chain == chain) {
        return Err(Problem::not_found());
    }
    let kept = ask.app.store.checkpoints(chain)?;
    let (size, at_ms, note) = kept.first().ok_or_else(Problem::not_found)?;
    let code = QrCode::with_error_correction_level(note, EcLevel::L).map_err(|e| Problem::accident(format!("QR code: {e}")))?;
    let drawn = code.render::<svg::Color>().min_dimensions(240, 240).quiet_zone(true).build();
    let drawn = drawn.split_once("?>").map_or(drawn.as_str(), |(_, rest)| rest).to_owned();
    let w = |key: &str| text(ask.language, key);
    let title = format!("{} {chain}", w("checkpoints.title"));
    let check = "qianwan checkpoint verify --note note.txt --data DIR";
    let page = html! {
        (DOCTYPE)
        html lang=(ask.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/assets/tokens.css";
                link rel="stylesheet" href="/assets/base.css";
                link rel="stylesheet" href="/assets/public.css";
            }
            body.public {
                main {
                    @if ask.app.settings.demo { p { strong { (w("programme.demo")) } } }
                    h1 { (title) }
                    p { (ask.app.settings.installation) " · " (Day::of_ms(*at_ms)) " · " (size) }
                    pre { (note) }
                    (PreEscaped(drawn))
                    p { (w("checkpoints.qr")) }
                    p { (w("checkpoints.how")) }
                    pre { (check) }
                }
            }
        }
    };
    Ok(Answer::html(page.into_string()))
}

//! A newcomer in the demo, with nothing but its pages: a product with six variants goes on sale at three
//! marketplaces, one of them sells it, and the other two follow.
//!
//! The program itself runs here, as `lojista demo` does: its wires, its clock, its simulated marketplaces.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tests::bench::program::Program;
use tests::bench::stage::server_runtime;
use tests::database;
use web::Lang;

use crate::browser::{Browser, Programs};
use crate::publishing::{CODES, drafts_it, makes_it, photographs_it};
use crate::visitor::Visitor;

/// Units of each variant on the shelf.
const COUNTED: i64 = 7;
/// What is bought.
const BOUGHT: &str = "GAR-AZUL-M";
/// Where it is bought, among the demo's marketplaces.
const AT_SHOPEE: usize = 1;

/// The drafts that the page of all accounts leads to, the first of each marketplace.
const DRAFTS: &str = "const first = new Map(); \
    for (const link of document.querySelectorAll('main a[href*=\"/drafts/con_\"]')) { \
      const channel = link.innerText.split('·')[0]; \
      if (!first.has(channel)) first.set(channel, link.getAttribute('href')); \
    } \
    return [...first.values()]";
/// How a draft asks for the material; chooses it where there is a list.
const MATERIAL: &str = "const labels = [...document.querySelectorAll('main label')]; \
    const metal = labels.find((label) => label.innerText === 'Metal'); \
    if (metal) { metal.click(); return 'listed'; } \
    return labels.some((label) => label.innerText === 'Material *') ? 'text' : null";
/// How many accounts on the page are in a state.
const IN_STATE: &str = "return [...document.querySelectorAll('main tbody tr')].filter((row) => row.innerText.includes(arguments[0])).length";
/// What a marketplace has on sale of ours: units by code.
const ON_SALE: &str = "return Object.fromEntries([...document.querySelectorAll('tbody tr')] \
    .map((row) => [row.cells[1].innerText, Number(row.cells[4].innerText)]) \
    .filter(([code]) => arguments[0].includes(code)))";
/// Presses the button beside a code.
const BUY: &str = "[...document.querySelectorAll('tbody tr')] \
    .find((row) => row.cells[1].innerText === arguments[0]).querySelector('button').click()";

/// A demo that runs in a folder of its own, and what it said when it was ready.
struct Demo {
    program: Program,
    said: Value,
}

impl Demo {
    fn start(folder: &Path) -> Self {
        let data = folder.join("demo").display().to_string();
        let args = ["demo", "--data", &data, "--listen", "127.0.0.1:0", "--orders-per-minute", "0", "--json"];
        let path = Path::new(env!("CARGO_BIN_EXE_lojista-with-points"));
        let mut program =
            Program::start(path, &args, &BTreeMap::new(), &folder.join("log")).expect("the program starts");
        let (_, line) = program.ready().expect("it becomes ready");
        Self { program, said: serde_json::from_str(&line).expect("it says where it is") }
    }

    fn says(&self, what: &str) -> &str {
        self.said[what].as_str().expect("it says so")
    }

    fn storefront(&self, at: usize) -> &str {
        self.said["storefronts"][at].as_str().expect("there are three")
    }
}

/// Waits until a marketplace has all variants on sale, with so many units of what is bought.
async fn has_on_sale(visitor: &Visitor, storefront: &str, bought: i64) {
    let wanted: BTreeMap<&str, i64> =
        CODES.iter().map(|code| (*code, if *code == BOUGHT { bought } else { COUNTED })).collect();
    visitor
        .until(&format!("{wanted:?} at {storefront}"), async || {
            visitor.browser().go(storefront).await?;
            let shown = visitor.browser().script(ON_SALE, &json!([CODES])).await?;
            Ok((shown == json!(wanted)).then_some(()))
        })
        .await;
}

/// Signs in with what the demo printed.
async fn signs_in(visitor: &Visitor, demo: &Demo) {
    visitor.opens("/sign-in").await;
    visitor.fills("field-email", demo.says("email")).await;
    visitor.fills("field-password", demo.says("password")).await;
    visitor.presses("sign-in-button").await;
    visitor.arrives_at("/orders").await;
}

/// Puts units of every variant on the shelf.
async fn counts_them(visitor: &Visitor) {
    visitor.opens("/skus/edit").await;
    for code in CODES {
        let label = format!("{}, {code}", visitor.word("tally-on-hand"));
        visitor.fills_at("", &label, &COUNTED.to_string()).await;
    }
    visitor.presses("edit-save").await;
    visitor.reads("flash-sheet-applying").await;
}

/// Tells what it is made of, where the category asks for it: from a list, in the words of the list, or not at all.
async fn tells_the_material(visitor: &Visitor, draft: &str) {
    visitor.opens(draft).await;
    match visitor.script(MATERIAL, &json!([])).await.as_str() {
        Some("text") => visitor.fills_at("", "Material *", "Aço Inoxidável").await,
        Some("listed") => {}
        _ => return,
    }
    visitor.presses("draft-save").await;
    visitor.reads("flash-draft-saved").await;
}

/// Fills what each marketplace asks for, and publishes at the three.
async fn publishes_it(visitor: &Visitor, product: &str) {
    visitor.opens(&format!("{product}/drafts")).await;
    let drafts = visitor.script(DRAFTS, &json!([])).await;
    let drafts: Vec<&str> = drafts.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    assert_eq!(drafts.len(), 3, "one account of each marketplace");
    for draft in drafts {
        visitor.opens(draft).await;
        drafts_it(visitor).await;
        tells_the_material(visitor, draft).await;
        visitor.reads("draft-complete").await;
    }
    visitor.opens(&format!("{product}/drafts")).await;
    visitor.presses("drafts-publish").await;
    visitor.reads("flash-publish-asked").await;
    visitor
        .until("all three have it", async || {
            visitor.opens(&format!("{product}/drafts")).await;
            let taken = visitor.script(IN_STATE, &json!([visitor.word("publication-taken")])).await;
            Ok((taken == json!(3)).then_some(()))
        })
        .await;
}

#[test]
fn a_newcomer_sells_at_three_marketplaces_and_never_more_than_there_is() {
    let Some(programs) = Programs::find() else { return };
    server_runtime().expect("a runtime starts").block_on(async {
        let folder = database::folder();
        let demo = Demo::start(folder.path());
        let visitor =
            &Visitor::new(Browser::open(&programs, Lang::PtBr.tag()).await, demo.says("url"), Lang::PtBr);
        signs_in(visitor, &demo).await;
        let product = makes_it(visitor).await;
        photographs_it(visitor).await;
        counts_them(visitor).await;
        publishes_it(visitor, &product).await;
        for at in 0..3 {
            has_on_sale(visitor, demo.storefront(at), COUNTED).await;
        }
        visitor.goes_to(demo.storefront(AT_SHOPEE)).await;
        visitor.script(BUY, &json!([BOUGHT])).await;
        visitor.sees("Comprado").await;
        for at in 0..3 {
            has_on_sale(visitor, demo.storefront(at), COUNTED - 1).await;
        }
        visitor.opens(&format!("/orders?text={BOUGHT}")).await;
        visitor.sees("Garrafa Térmica Inox 500 ml").await;
        visitor.nothing_went_wrong().await;
        let ended = demo.program.end().expect("it is told to end");
        assert!(ended.success(), "the demo ends as it is told: {ended}");
    });
}

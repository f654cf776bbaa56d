//! The marketplace as a buyer sees it: what is for sale, each with a button that buys one. For people who try the
//! program out; programs have `POST /_sandbox/sales`.

use http::StatusCode;

use crate::call::Call;
use crate::frame::Market;
use crate::reply::Reply;
use crate::text::{form_pairs, html_escape, query_escape};

/// Where it stands.
pub const PATH: &str = "/_sandbox/shop";

/// Something that is for sale, or was a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    /// What [`Storefront::buy`] is told.
    pub key: String,
    /// Whose it is.
    pub seller: String,
    /// What it is called, its variant behind it.
    pub title: String,
    /// The seller's own code.
    pub code: String,
    /// Centavos.
    pub price_minor: i64,
    /// Units that are offered.
    pub units: i64,
}

/// A marketplace that people can buy at.
pub trait Storefront: Market {
    /// Its name.
    const NAME: &'static str;
    /// What is for sale, the newest last.
    fn goods(&self) -> Vec<Good>;
    /// Somebody buys one; gives the order's number, or why not.
    fn buy(&mut self, key: &str) -> Result<String, String>;
}

/// Shows what is for sale.
pub(crate) fn show<W: Storefront>(world: &W, call: &Call) -> Reply {
    let said = ["bought", "refused"].into_iter().find_map(|name| Some((name, call.query(name)?)));
    let said = said.map_or_else(String::new, |(name, text)| {
        let words = if name == "bought" { "Comprado. Pedido" } else { "Não deu para comprar:" };
        format!("<p role=\"status\"><strong>{words} {}</strong></p>", html_escape(text))
    });
    let rows: String = world.goods().iter().rev().map(row).collect();
    let page = format!(
        "<!doctype html><html lang=\"pt-BR\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{name} simulado</title>\
         <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}\
         div{{overflow-x:auto}}table{{border-collapse:collapse;width:100%}}th,td{{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #8886}}\
         td.n{{text-align:right;white-space:nowrap}}button{{font:inherit;padding:.3rem .8rem}}</style></head>\
         <body><h1>{name} simulado</h1><p>O que os compradores veem. Ninguém aqui é de verdade: compre à vontade e veja o que a loja faz.</p>\
         {said}<div tabindex=\"0\"><table><thead><tr><th>Anúncio</th><th>Código</th><th>Vendedor</th><th>Preço</th><th>À venda</th><th></th></tr></thead>\
         <tbody>{rows}</tbody></table></div></body></html>",
        name = html_escape(W::NAME)
    );
    Reply::html(StatusCode::OK, page)
}

fn row(good: &Good) -> String {
    let (title, key) = (html_escape(&good.title), html_escape(&good.key));
    let button = format!(
        "<form method=\"post\" action=\"{PATH}\"><input type=\"hidden\" name=\"key\" value=\"{key}\">\
         <button aria-label=\"Comprar {title}\">Comprar</button></form>"
    );
    format!(
        "<tr><td>{title}</td><td>{}</td><td>{}</td><td class=\"n\">R$ {},{:02}</td><td class=\"n\">{}</td><td>{}</td></tr>",
        html_escape(&good.code),
        html_escape(&good.seller),
        good.price_minor / 100,
        good.price_minor % 100,
        good.units,
        if good.units > 0 { &button } else { "esgotado" }
    )
}

/// Buys one, and goes back to what is for sale.
pub(crate) fn buy<W: Storefront>(world: &mut W, call: &Call) -> Reply {
    let fields = form_pairs(&String::from_utf8_lossy(&call.body));
    let key = fields.iter().find(|(name, _)| name == "key").map(|(_, key)| key.as_str()).unwrap_or_default();
    let (name, text) = match world.buy(key) {
        Ok(order) => ("bought", order),
        Err(why) => ("refused", why),
    };
    Reply::redirect(format!("{PATH}?{name}={}", query_escape(&text)))
}

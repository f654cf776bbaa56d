//! The router: one table of routes, and what every request passes on its way.
//!
//! Handlers are verbs in files by area. What a handler may do stands in its arguments:
//! [`guard::Reader`] is anyone, [`guard::May`] a member who may do something,
//! [`guard::Form`] that member's form, which has shown its token.

mod account;
mod address;
mod api;
mod api_keys;
mod audit;
mod audit_query;
mod backups;
mod buyers;
mod centre;
mod connections;
mod cookies;
mod count_file;
mod desk;
mod drafts;
mod guard;
mod headers;
mod holds;
mod hooks;
mod keys;
mod kits;
mod leaving;
mod listings;
mod live;
mod may;
mod members;
mod money;
mod money_view;
mod order_query;
mod orders;
mod pace;
mod peer;
mod picked;
mod pictures;
#[cfg(feature = "planted-flaws")]
mod planted;
mod price_changes;
mod prices;
mod problems;
mod products;
mod proposals;
mod provider;
mod publish_many;
mod recover;
mod register;
mod replay;
mod returns;
mod second_step;
mod security;
mod sheets;
mod sku_edit;
mod skus;
mod stock_takes;
mod table_download;
mod table_upload;
mod upload;
mod views;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use app::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use store::StoreError;
use vault::{HmacKey, SubKey};

use crate::assets;
use guard::Reader;
use pace::Pace;

/// Longest form taken, in bytes.
pub const MAX_FORM_BYTES: usize = 64 * 1024;

/// Longest table of a count taken, in bytes: some times more than its rows.
pub const MAX_TABLE_BYTES: usize = 256 * 1024;

/// Longest form of a product taken, in bytes: all its variants are in it.
pub const MAX_PRODUCT_FORM_BYTES: usize = 512 * 1024;

pub use upload::MAX_UPLOAD_BYTES;

/// How the pages are served.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// Cookies only over TLS. Off only where browsers come over plain loopback.
    pub secure_cookies: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Pages that a member opens a minute, at most; `None` bounds nobody.
    pub pages_per_minute: Option<NonZeroU32>,
    /// The unguessable part of the address that platforms post hooks to.
    pub hook_door: String,
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) app: App,
    pub(crate) config: Arc<WebConfig>,
    /// Makes and checks the token of forms.
    pub(crate) form_key: Arc<HmacKey>,
    pub(crate) policy: HeaderValue,
    pub(crate) pace: Arc<Pace>,
}

/// The pages, the doors and the static files.
pub fn router(app: App, config: WebConfig) -> Router {
    let form_key = Arc::new(app.keyring().derived(SubKey::Session));
    let policy = headers::content_policy(&app);
    let pace = Arc::new(Pace::new(config.pages_per_minute));
    let web = Web { app, config: Arc::new(config), form_key, policy, pace };
    people_see()
        .router
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .merge(files().router)
        .fallback(missing)
        .layer(middleware::from_fn_with_state(web.clone(), headers::protect))
        // What browsers are told means nothing to a platform, and its posts come from
        // another site by nature.
        .merge(doors().router)
        .merge(programs_with_problems(&web))
        .with_state(web)
}

/// The address of every route, as the router has it (`/orders/{id}`), for the test that holds
/// what they change against the audit log.
#[must_use]
pub fn paths() -> Vec<&'static str> {
    [people_see(), files(), doors(), programs()].into_iter().flat_map(|routes| routes.paths).collect()
}

/// Routes and their addresses: who adds one cannot forget the other.
#[derive(Default)]
struct Routes {
    router: Router<Web>,
    paths: Vec<&'static str>,
}

impl Routes {
    fn new() -> Self {
        Self::default()
    }

    fn route(mut self, path: &'static str, method: MethodRouter<Web>) -> Self {
        self.paths.push(path);
        Self { router: self.router.route(path, method), paths: self.paths }
    }

    fn and(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        Self { router: self.router.merge(other.router), paths: self.paths }
    }
}

/// What people see and press, by area.
fn people_see() -> Routes {
    let areas = pages().and(catalogue()).and(earnings()).and(people());
    #[cfg(feature = "planted-flaws")]
    let areas = areas.and(planted::routes());
    areas
}

/// What people see and press.
fn pages() -> Routes {
    // tidy: long because it is the table of routes
    Routes::new()
        .route("/", get(home))
        .route("/sign-in", get(account::show_sign_in).post(account::sign_in))
        .route("/sign-in/second", get(second_step::show).post(second_step::take))
        .route("/sign-in/passkey/begin", post(second_step::begin_passkey))
        .route("/sign-in/passkey", post(second_step::passkey))
        .route("/sign-in/provider", post(provider::begin))
        .route(app::provider::CALLBACK, get(provider::finish))
        .route("/sign-out", post(account::sign_out))
        .route("/confirm", get(second_step::show_confirm).post(second_step::confirm))
        .route("/confirm/provider", post(provider::confirm))
        .route("/security", get(security::show))
        .route("/security/read", post(security::read))
        .route("/security/app", get(security::show_app).post(security::begin_app))
        .route("/security/app/code", post(security::confirm_app))
        .route("/security/app/remove", post(security::remove_app))
        .route("/security/passkeys", post(security::add_passkey))
        .route("/security/passkeys/begin", post(security::begin_passkey))
        .route("/security/passkeys/{id}/remove", post(security::remove_passkey))
        .route("/security/provider", post(provider::link))
        .route("/security/provider/remove", post(provider::unlink))
        .route("/security/codes", post(security::new_codes))
        .route("/security/password", post(security::change_password))
        .route("/security/sessions/end", post(security::end_sessions))
        .route("/security/api-keys", get(api_keys::show).post(api_keys::make))
        .route("/security/api-keys/{id}/end", post(api_keys::end))
        .route("/security/break-glass", post(security::break_glass))
        .route("/setup/{token}", get(account::show_setup).post(account::set_up))
        .route("/recover/{token}", get(recover::show).post(recover::take))
        .route("/preferences", post(account::set_preferences))
        .route("/orders", get(orders::list))
        .route("/orders/live", get(live::orders))
        .route("/orders/picked", post(picked::act))
        .route("/orders/buyer", post(buyers::find))
        .route("/orders/views", get(views::list).post(views::save))
        .route("/orders/views/{id}", post(views::change))
        .route("/orders/{id}", get(orders::show))
        .route("/orders/{id}/recipient", post(orders::reveal_recipient))
        .route("/orders/{id}/return", get(returns::show).post(returns::receive))
        .route("/returns", get(returns::list))
        .route("/skus", get(skus::list))
        .route("/skus/edit", get(sku_edit::show).post(sku_edit::save))
        .route("/skus/{id}", get(skus::show))
        .route("/skus/{id}/replay", get(replay::show))
        .route("/skus/{id}/adjust", post(skus::adjust))
        .route("/skus/{id}/sharing", post(skus::share))
        .route("/skus/{id}/kit", post(kits::change))
        .route("/stock-takes", get(stock_takes::list).post(stock_takes::begin))
        .route(
            "/stock-takes/{id}",
            get(stock_takes::show).post(stock_takes::change).layer(DefaultBodyLimit::max(MAX_TABLE_BYTES)),
        )
        .route("/stock-takes/{id}/file", post(count_file::take))
        .route("/listings", get(listings::list))
        .route("/listings/export", post(listings::export))
        .route("/listings/proposals", get(proposals::list).post(proposals::confirm))
        .route("/listings/{id}/link", post(listings::link))
        .route("/listings/{id}/unlink", post(listings::unlink))
        .route("/connections", get(connections::list))
        .route("/connections/new", get(connections::choose).post(connections::begin))
        .route("/connections/callback/{channel}", get(connections::finish))
        .route("/connections/{id}", get(connections::show))
        .route("/connections/{id}/plan", get(connections::plan))
        .route("/connections/{id}/import", get(connections::show_import).post(connections::import))
        .route("/connections/{id}/import/live", get(live::import))
        .route("/connections/{id}/sweep", post(connections::sweep))
        .route("/connections/{id}/reconnect", post(connections::reconnect))
        .route("/connections/{id}/disconnect", post(connections::disconnect))
        .route("/problems", get(problems::list))
        .route("/problems/retry", post(problems::retry))
        .route("/audit", get(audit::list))
        .route("/audit/export", post(audit::export))
        .route("/privacy", get(buyers::show))
        .route("/privacy/buyers", post(buyers::switch))
        .route("/privacy/requests", get(register::list))
        .route("/privacy/requests/{id}", get(register::show))
        .route("/privacy/requests/{id}/answer", post(register::answer))
        .route("/privacy/requests/{id}/erase", post(register::erase))
        .route("/privacy/requests/{id}/pdf", get(register::pdf))
        .route("/privacy/leaving", get(leaving::show).post(leaving::ask))
        .route("/privacy/leaving/stay", post(leaving::stay))
        .route("/privacy/leaving/copy", post(leaving::copy))
        .route("/privacy/holds", post(holds::place))
        .route("/privacy/holds/{id}/lift", post(holds::lift))
        .route("/your-data", get(centre::find))
        .route("/your-data/{organization}", get(centre::show))
        .route("/your-data/{organization}/code", get(centre::show_code).post(centre::want_code))
        .route("/your-data/{organization}/code/show", post(centre::take_code))
        .route("/your-data/{organization}/yours", get(centre::yours))
        .route("/your-data/{organization}/copy", post(centre::copy))
        .route("/your-data/{organization}/ask", get(centre::show_ask).post(centre::ask))
        .route("/your-data/{organization}/leave", post(centre::leave))
        .route("/keys", get(keys::show))
        .route("/keys/rotate", post(keys::rotate))
        .route("/backups", get(backups::show))
        .route("/backups/take", post(backups::take))
        .route("/backups/drill", post(backups::try_out))
        .route("/desk", get(desk::list))
        .route("/desk/{id}", get(desk::show))
        .route("/desk/{id}/answer", post(desk::answer))
}

/// What the shop sells.
fn catalogue() -> Routes {
    let whole = || DefaultBodyLimit::max(MAX_PRODUCT_FORM_BYTES);
    Routes::new()
        .route("/prices", get(prices::list))
        .route("/prices/changes/{id}", get(price_changes::batch).post(price_changes::settle))
        .route("/prices/{id}", get(prices::show))
        .route("/prices/{id}/fees", post(prices::keep_fees))
        .route("/prices/{id}/rule", post(prices::keep_rule))
        .route("/prices/{id}/listings", get(price_changes::list).post(price_changes::change))
        .route("/products", get(products::list).post(products::create).layer(whole()))
        .route("/products/new", get(products::begin))
        .route("/products/publish", get(publish_many::show).post(publish_many::publish))
        .route("/products/export", post(sheets::export))
        .route("/products/import", get(sheets::list).post(sheets::take))
        .route("/products/import/{id}", get(sheets::show).post(sheets::act))
        .route("/products/import/{id}/errors", get(sheets::faults))
        .route("/products/{id}", get(products::show).post(products::change).layer(whole()))
        .route("/products/{id}/archive", post(products::archive))
        .route("/products/{id}/pictures", post(pictures::add))
        .route("/products/{id}/pictures/{picture}", get(pictures::show).post(pictures::change))
        .route("/products/{id}/drafts", get(drafts::list))
        .route("/products/{id}/publish", post(drafts::publish))
        .route("/products/{id}/drafts/{connection}", get(drafts::show).post(drafts::save).layer(whole()))
        .route("/products/{id}/drafts/{connection}/live", get(live::draft))
        .route("/products/{id}/drafts/{connection}/category", get(drafts::categories).post(drafts::choose))
}

/// What the shop earns.
fn earnings() -> Routes {
    Routes::new()
        .route("/money", get(money_view::show))
        .route("/money/export", post(money_view::export))
        .route("/money/fees", get(money_view::fees))
        .route("/money/payouts", get(money_view::payouts))
        .route("/money/costs", get(money_view::costs).post(money_view::enter_cost))
        .route("/differences", get(money::list))
}

/// Who works here, what they were granted, and how it is reviewed.
fn people() -> Routes {
    Routes::new()
        .route("/join/{token}", get(members::show_join).post(members::join))
        .route("/members", get(members::list))
        .route("/members/invite", post(members::invite))
        .route("/members/invitations/{id}/withdraw", post(members::withdraw))
        .route("/members/review", get(members::show_review).post(members::begin_review))
        .route("/members/review/{grant}", post(members::decide))
        .route("/members/{id}", get(members::show))
        .route("/members/{id}/grant", post(members::grant))
        .route("/members/{id}/end/{grant}", post(members::end))
        .route("/members/{id}/leave", post(members::leave))
        .route("/members/{id}/sign-out", post(members::sign_out))
        .route("/members/sign-out", post(members::sign_out_all))
}

/// What needs no session.
fn files() -> Routes {
    Routes::new()
        .route("/health", get(health))
        .route("/static/{hash}/{name}", get(static_file))
        .route("/audit/checkpoint", get(audit::checkpoint))
        .route("/audit/verifier-key", get(audit::verifier_key))
}

/// Where platforms knock.
fn doors() -> Routes {
    Routes::new().route("/hooks/{channel}/{door}", post(hooks::take))
}

/// What programs read with a key: the table stands in [`api`], with what is said of each.
fn programs() -> Routes {
    api::routes()
}

/// The same, with an answer for programs to whatever else they may ask.
fn programs_with_problems(web: &Web) -> Router<Web> {
    programs()
        .router
        .route("/api/", any(api::missing))
        .route("/api/{*rest}", any(api::missing))
        .method_not_allowed_fallback(api::no_such_method)
        .layer(middleware::map_response_with_state(web.clone(), api::protect))
}

async fn home(State(_): State<Web>) -> Response {
    see_other("/orders")
}

/// Whether the program serves, its database answers, and there is space to write.
async fn health(State(web): State<Web>) -> Response {
    let db = web.app.store().installation();
    let answered = db.read(|tx| tx.row("SELECT 1", &[], |_| Ok(()))).await;
    match answered.and_then(|_| if db.is_full() { Err(StoreError::DiskFull) } else { Ok(()) }) {
        Ok(()) => "ok\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn static_file(OriginalUri(uri): OriginalUri) -> Response {
    assets::find(uri.path()).map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |asset| {
            let headers =
                [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, assets::CACHE_CONTROL)];
            (headers, asset.bytes).into_response()
        },
    )
}

async fn missing(reader: Reader) -> Response {
    guard::obstacle(&reader.into_chrome(), crate::pages::account::Obstacle::NotFound)
}

/// Sends a browser on with GET.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(value) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

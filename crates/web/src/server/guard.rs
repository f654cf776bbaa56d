//! Who asks: extractors that are permissions. A handler that takes [`May`] cannot be reached by
//! anyone whose roles do not include what it names, and one that takes a [`Form`] cannot be
//! reached without its token either. No extractor gives a [`Member`] without a word about what
//! they may.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use app::sign_in::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::member::{Lack, SecondFactorRule};
use domain::{Actor, ConnectionState, Grant, Granted, OrganizationId, Permission, Purpose};
use store::connections::Connection;
use store::sessions;
use store::{StoreResult, Tenant};

use super::cookies::{
    DEVICE, FLASH, clear_cookie, cookie, look, question, read_flash, session_cookie, set_cookie,
};
use super::may::Permit;
use super::peer::client;
use super::{Web, see_other};
use crate::pages::account::{ErrorPage, Obstacle};
use crate::{Chrome, Flash, Lang, Nav, OwnerNotice, SignedIn, Theme, Tone};

/// What whoever asked for too much waits before the next try.
const SOON: Duration = Duration::from_mins(1);

/// Anyone: a language, a theme and a place they asked for.
pub(crate) struct Reader {
    pub(crate) web: Web,
    pub(crate) headers: HeaderMap,
    pub(crate) path: String,
    pub(crate) visit: Visit,
    flash: Option<Flash>,
}

impl Reader {
    /// The chrome of a page that needs nobody to be signed in.
    pub(crate) fn into_chrome(self) -> Chrome {
        let (lang, theme) = look(&self.headers);
        Chrome {
            lang,
            theme,
            now: self.web.app.clock().now(),
            csrf: String::new(),
            path: self.path,
            nav: None,
            member: None,
            flash: self.flash,
        }
    }
}

impl FromRequestParts<Web> for Reader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Self::Rejection> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let visit = visit_of(parts, web);
        let flash = cookie(&parts.headers, FLASH).and_then(|text| read_flash(&text, look(&parts.headers).0));
        Ok(Self { web: web.clone(), headers: parts.headers.clone(), path, visit, flash })
    }
}

/// What is known of the browser behind a request.
fn visit_of(parts: &Parts, web: &Web) -> Visit {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Visit {
        network: client(peer, &parts.headers, &web.config.trusted_proxies).to_string(),
        device: cookie(&parts.headers, web.cookie_name(DEVICE)),
        agent: agent.map(crate::agent::name).unwrap_or_default(),
    }
}

/// What is told of a connection that waits for its owner, or will soon.
fn owner_notice(connection: Connection) -> OwnerNotice {
    let stands = matches!(connection.state, ConnectionState::NeedsReauthorization(_));
    OwnerNotice {
        connection: connection.id,
        channel: connection.channel,
        account: connection.name,
        ends_at: connection.life.consent_expires_at.filter(|_| !stands),
    }
}

/// What is told to whoever can do something about it.
fn owner_notices(waiting: Vec<Connection>, granted: Granted) -> Vec<OwnerNotice> {
    let can = granted.may(Permission::ManageConnections);
    waiting.into_iter().filter(|_| can).map(owner_notice).collect()
}

/// A signed-in person.
pub(crate) struct Member {
    pub(crate) web: Web,
    pub(crate) who: sessions::SignedIn,
    path: String,
    flash: Option<String>,
}

impl Member {
    /// Whose data they may see.
    pub(crate) fn organization(&self) -> OrganizationId {
        self.who.organization
    }

    /// The chrome of a page at a place of the navigation.
    pub(crate) async fn chrome(&self, nav: Option<Nav>) -> Result<Chrome, Failure> {
        self.page(nav, |_| Ok(())).await.map(|(chrome, ())| chrome)
    }

    /// The chrome of a page and what the page itself reads, in one transaction.
    pub(crate) async fn page<T: Send + 'static>(
        &self,
        nav: Option<Nav>,
        read: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> Result<(Chrome, T), Failure> {
        let (app, member, now) = (self.web.app.clone(), self.who.member, self.web.app.clock().now());
        let organization = self.web.app.organization(self.organization());
        let (around, found) =
            organization.read(move |tenant| Ok((app.surroundings(tenant, member)?, read(tenant)?))).await?;
        let lang = Lang::parse(&self.who.language).unwrap_or_default();
        // tidy: allowed because the top bar shows members their own address.
        let grant = Grant::issue(Actor::Member(member), Purpose::SignIn, now);
        let chrome = Chrome {
            lang,
            theme: Theme::parse(&self.who.theme).unwrap_or_default(),
            now,
            csrf: self.form_token(),
            path: self.path.clone(),
            nav,
            member: Some(SignedIn {
                organization: self.who.organization_name.clone(),
                email: around.email.reveal(&grant).clone(),
                granted: self.who.granted,
                problem_count: around.problem_count,
                disk_full: self.web.app.store().installation().is_full(),
                owner_notices: owner_notices(around.needing_owner, self.who.granted),
                security_notices: around.notices,
            }),
            flash: self.flash.as_deref().and_then(|text| read_flash(text, lang)),
        };
        Ok((chrome, found))
    }

    /// The member behind a request that anyone may make; `None` when nobody is signed in.
    pub(crate) async fn of(reader: &Reader) -> Result<Option<Self>, Failure> {
        let Some(token) = cookie(&reader.headers, session_cookie(&reader.web)) else { return Ok(None) };
        let found = reader.web.app.session(&token).await?;
        Ok(found.map(|who| Self { web: reader.web.clone(), who, path: reader.path.clone(), flash: None }))
    }

    /// The chrome of a page without navigation: the member has something to show first.
    pub(crate) fn gate(&self) -> Chrome {
        let lang = Lang::parse(&self.who.language).unwrap_or_default();
        Chrome {
            lang,
            theme: Theme::parse(&self.who.theme).unwrap_or_default(),
            now: self.web.app.clock().now(),
            csrf: self.form_token(),
            path: self.path.clone(),
            nav: None,
            member: None,
            flash: self.flash.as_deref().and_then(|text| read_flash(text, lang)),
        }
    }

    /// Writes down that the member asked for more than their roles include, and says so.
    async fn turned_away(&self, permission: Permission) -> Result<Response, Failure> {
        self.web.app.access_refused(&self.who, permission).await?;
        Ok(obstacle(&self.chrome(None).await?, Obstacle::NotAllowed))
    }

    fn form_token(&self) -> String {
        self.web.form_key.sign_hex(format!("form {}", self.who.session).as_bytes())
    }

    pub(super) fn token_is_good(&self, token: &str) -> bool {
        self.web.form_key.verify_hex(format!("form {}", self.who.session).as_bytes(), token)
    }
}

/// What a request needs of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Any session: to prove something, or to leave.
    Session,
    /// One that may set up its member's second factor.
    Own,
    /// The same, proven a short while ago.
    OwnProven,
    /// One that lacks nothing.
    Page,
    /// The same, proven a short while ago.
    Proven,
}

impl Need {
    /// Where a session has to go first, if it lacks something.
    fn detour(self, member: &Member, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let (web, standing) = (&member.web, member.who.standing);
        let now = web.app.clock().now();
        let (rule, sensitive) = match self {
            Self::Session => return None,
            Self::Own => (SecondFactorRule::Offered, false),
            Self::OwnProven => (SecondFactorRule::Offered, true),
            Self::Page => (web.app.second_factor(), false),
            Self::Proven => (web.app.second_factor(), true),
        };
        match standing.lack(rule, sensitive, now)? {
            Lack::Factor => Some(see_other("/security")),
            Lack::Proof | Lack::FreshProof => {
                // A form cannot be sent again for its member; the page that it stood on can.
                let back = if method == Method::GET { member.path.clone() } else { referring(headers) };
                Some(see_other(&with_next("/confirm", &back)))
            }
        }
    }
}

/// An address that leads on to `next` afterwards.
pub(crate) fn with_next(to: &str, next: &str) -> String {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("{to}?next={next}")
}

/// Path and query of the page that a request comes from.
fn referring(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let url = referer.and_then(|text| url::Url::parse(text).ok());
    url.map_or_else(|| "/orders".to_owned(), |url| own_path(&url[url::Position::BeforePath..]).to_owned())
}

pub(super) async fn admit(
    parts: &Parts,
    web: &Web,
    need: Need,
    permission: Option<Permission>,
) -> Result<Member, Response> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let found = match cookie(&parts.headers, session_cookie(web)) {
        Some(token) => web.app.session(&token).await.map_err(|error| {
            tracing::error!(error = %error, "a session could not be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        })?,
        None => None,
    };
    let Some(who) = found else {
        let next = if parts.method == Method::GET { path.as_str() } else { "/orders" };
        return Err(see_other(&with_next("/sign-in", next)));
    };
    let member = Member { web: web.clone(), who, path, flash: cookie(&parts.headers, FLASH) };
    if web.pace.take(member.who.member, web.app.clock().now()).is_err() {
        return Err(obstacle(&member.gate(), Obstacle::TooMany));
    }
    if let Some(detour) = need.detour(&member, &parts.method, &parts.headers) {
        return Err(detour);
    }
    match permission {
        Some(permission) if !member.who.granted.may(permission) => {
            Err(member.turned_away(permission).await.unwrap_or_else(IntoResponse::into_response))
        }
        _ => Ok(member),
    }
}

/// Makes an extractor of each need that any member may have: of a page, and of a form that has
/// shown its token.
macro_rules! extractors {
    ($($(#[$doc:meta])* $name:ident = $need:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name(pub(crate) Member);

        impl FromRequestParts<Web> for $name {
            type Rejection = Response;

            async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
                admit(parts, web, Need::$need, None).await.map(Self)
            }
        }
    )*};
}

macro_rules! form_extractors {
    ($($(#[$doc:meta])* $name:ident = $need:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name(pub(crate) Posted);

        impl FromRequest<Web> for $name {
            type Rejection = Response;

            async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
                posted(request, web, Need::$need, None).await.map(Self)
            }
        }
    )*};
}

extractors! {
    /// Whoever is signed in, whatever they still lack.
    AnySession = Session;
    /// A member at their own sign-in: who has no second factor yet can set one up there.
    Own = Own;
}

form_extractors! {
    /// A form of whoever is signed in.
    PostedAny = Session;
    /// A form of a member at their own sign-in.
    PostedOwn = Own;
    /// The same, proven a short while ago: for what changes the sign-in.
    PostedOwnProven = OwnProven;
}

/// Makes the extractors that are permissions: `May<SeeOrders>` is a member who may see orders.
macro_rules! permissions {
    ($($(#[$doc:meta])* $page:ident, $form:ident = $need:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $page<P>(pub(crate) Member, pub(crate) PhantomData<P>);

        impl<P: Permit> FromRequestParts<Web> for $page<P> {
            type Rejection = Response;

            async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
                let member = admit(parts, web, Need::$need, Some(P::PERMISSION)).await?;
                Ok(Self(member, PhantomData))
            }
        }

        /// The same with a form that has shown its token.
        pub(crate) struct $form<P>(pub(crate) Posted, pub(crate) PhantomData<P>);

        impl<P: Permit> FromRequest<Web> for $form<P> {
            type Rejection = Response;

            async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
                let posted = posted(request, web, Need::$need, Some(P::PERMISSION)).await?;
                Ok(Self(posted, PhantomData))
            }
        }
    )*};
}

permissions! {
    /// A member who may do something.
    May, Form = Page;
    /// A member who may do something and proved who they are a short while ago: what administers.
    Proven, ProvenForm = Proven;
}

/// The fields of a form.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, Vec<String>>);

impl Fields {
    /// A field's text, without the blanks around it; empty when it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).and_then(|all| all.last()).map_or("", |text| text.trim())
    }

    /// Every text that was sent by this name: boxes that are ticked.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(|text| text.trim())
    }

    /// The names of all fields that were sent.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A field's text as it was sent: passwords may begin with a blank.
    pub(crate) fn raw(&self, name: &str) -> String {
        self.0.get(name).and_then(|all| all.last()).cloned().unwrap_or_default()
    }

    pub(super) fn parse(body: &[u8]) -> Self {
        Self::of(url::form_urlencoded::parse(body).into_owned())
    }

    /// The same of fields that came otherwise.
    pub(super) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, text) in pairs {
            fields.entry(name).or_default().push(text);
        }
        Self(fields)
    }
}

/// A form of somebody who is not signed in (sign-in, set-up). Where it comes from was
/// checked by its headers.
pub(crate) struct OpenForm {
    pub(crate) reader: Reader,
    pub(crate) fields: Fields,
}

impl FromRequest<Web> for OpenForm {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(reader) = Reader::from_request_parts(&mut parts, web).await;
        let bytes = Bytes::from_request(Request::from_parts(parts, body), web)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self { reader, fields: Fields::parse(&bytes) })
    }
}

/// A signed-in person's form that has shown its token.
pub(crate) struct Posted {
    pub(crate) member: Member,
    pub(crate) fields: Fields,
    pub(crate) visit: Visit,
    /// The question that the browser answers; empty when it has none.
    pub(crate) question: String,
}

async fn posted(
    request: Request,
    web: &Web,
    need: Need,
    permission: Option<Permission>,
) -> Result<Posted, Response> {
    let (parts, body) = request.into_parts();
    let member = admit(&parts, web, need, permission).await?;
    let (visit, question) = (visit_of(&parts, web), question(web, &parts.headers));
    let bytes = Bytes::from_request(Request::from_parts(parts, body), web)
        .await
        .map_err(IntoResponse::into_response)?;
    let fields = Fields::parse(&bytes);
    if !member.token_is_good(fields.get("csrf")) {
        let chrome = member.chrome(None).await.map_err(IntoResponse::into_response)?;
        return Err(obstacle(&chrome, Obstacle::StaleForm));
    }
    Ok(Posted { member, fields, visit, question })
}

/// A handler's failure: a page with a way out, in the reader's language.
pub(crate) struct Failure {
    obstacle: Obstacle,
    chrome: Option<Box<Chrome>>,
}

impl Failure {
    pub(crate) const fn of(obstacle: Obstacle) -> Self {
        Self { obstacle, chrome: None }
    }

    /// The same failure inside the person's own page.
    pub(crate) fn on(mut self, chrome: Chrome) -> Self {
        self.chrome = Some(Box::new(chrome));
        self
    }
}

impl From<app::AppError> for Failure {
    fn from(error: app::AppError) -> Self {
        match error {
            app::AppError::NotFound(_) => Self::of(Obstacle::NotFound),
            app::AppError::Channel(error) => Self::of(Obstacle::Problem(error.problem())),
            app::AppError::ConnectionStopped
            | app::AppError::ChannelMissing(_)
            | app::AppError::Endless(_) => Self::of(Obstacle::Problem(error.problem())),
            app::AppError::TooSoon(_) => Self::of(Obstacle::TooMany),
            app::AppError::Store(store::StoreError::DiskFull) => Self::of(Obstacle::DiskFull),
            app::AppError::Store(_)
            | app::AppError::Seal(_)
            | app::AppError::WrongKeys
            | app::AppError::NotYet(_)
            | app::AppError::BadJob(_)
            | app::AppError::Died(_) => {
                tracing::error!(error = %error, "a page failed");
                Self::of(Obstacle::Internal)
            }
        }
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        app::AppError::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let chrome = self.chrome.map_or_else(
            || Chrome {
                lang: Lang::default(),
                theme: Theme::default(),
                now: domain::Timestamp::EPOCH,
                csrf: String::new(),
                path: "/".into(),
                nav: None,
                member: None,
                flash: None,
            },
            |chrome| *chrome,
        );
        obstacle(&chrome, self.obstacle)
    }
}

/// A page that says what is in the way and how to get on.
pub(crate) fn obstacle(chrome: &Chrome, obstacle: Obstacle) -> Response {
    let status = StatusCode::from_u16(obstacle.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = ErrorPage { chrome: chrome.clone(), obstacle, way_out: "/orders".into(), reference: None };
    let mut response = (status, render(&page)).into_response();
    if obstacle == Obstacle::TooMany {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(SOON.as_secs()));
    }
    response
}

/// A rendered page.
pub(crate) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
            // The sentence of the last action is shown once.
            clear_cookie(&mut response, FLASH);
            response
        }
        Err(error) => {
            tracing::error!(error = %error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Sends the browser on, with a sentence for the next page: a translation key.
pub(crate) fn see_with(to: &str, tone: Tone, key: &str) -> Response {
    let mut response = see_other(to);
    set_cookie(&mut response, FLASH, &format!("{}.{key}", tone.class()), None, false);
    response
}

/// A path of our own to go on to; anything else becomes the orders.
pub(crate) fn own_path(path: &str) -> &str {
    let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    if ours { path } else { "/orders" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ASVS 1.2.2, 3.7.2.
    #[test]
    fn only_our_own_paths_are_gone_on_to() {
        assert_eq!(own_path("/orders?state=shipped"), "/orders?state=shipped");
        for other in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
        {
            assert_eq!(own_path(other), "/orders", "{other}");
        }
    }

    #[test]
    fn a_field_sent_twice_is_its_last_text_and_boxes_are_all_of_theirs() {
        let fields = Fields::parse(b"order=a&name=+x+&order=+b&name=y");
        assert_eq!((fields.get("name"), fields.raw("name").as_str(), fields.get("none")), ("y", "y", ""));
        assert_eq!(fields.all("order").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.all("none").count(), 0);
    }
}

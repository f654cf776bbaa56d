//! The team's identity provider: there and back.

use http::header;
use tests::identity::TeamDoor;

use super::{Answer, Visitor};

const ANA: &str = "ana-0001";

/// The path that Ana's browser comes back to.
fn back(team: &TeamDoor, sent: &Answer) -> String {
    let refresh = sent.headers.get(header::REFRESH).and_then(|value| value.to_str().ok());
    let address = refresh.and_then(|text| text.strip_prefix("0; url=")).expect("somewhere to go");
    team.lets(address, ANA, true)
}

/// An account is linked, signs in, proves, and is unlinked.
pub(super) async fn is_pressed(visitor: &mut Visitor<'_>, team: &TeamDoor) {
    let sent = visitor.press("/security/provider", "/security/provider", &[], None).await;
    visitor.open(&back(team, &sent), "member.provider_linked").await;
    let mut somebody = Visitor::at_the_door(visitor.shop);
    let sent = somebody.press("/sign-in/provider", "/sign-in/provider", &[], None).await;
    somebody.open(&back(team, &sent), "session.vouched").await;
    visitor.pressed.append(&mut somebody.pressed);
    let sent = visitor.press("/confirm/provider", "/confirm/provider", &[], None).await;
    let proven = visitor.open(&back(team, &sent), "session.proven").await;
    visitor.keeps(&proven);
    let gone = Some("member.provider_unlinked");
    visitor.press("/security/provider/remove", "/security/provider/remove", &[], gone).await;
}

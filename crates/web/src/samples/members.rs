use domain::role::{Access, Role};
use domain::{GrantId, InvitationId, MemberId, OrderId, Timestamp};

use super::{Reader, Rendered, add};
use crate::pages::members::{
    GrantView, InvitationView, InvitedPage, JoinPage, MemberPage, MemberView, MembersPage, RecipientPage,
    ReviewItem, ReviewPage, ReviewView, TypedReason,
};
use crate::pages::{Errors, FieldError};
use crate::{Chrome, Nav};

impl Reader {
    pub(super) fn members(&self, pages: &mut Vec<Rendered>) {
        add(pages, "members", &self.members_page(false));
        add(pages, "members-alone", &self.members_page(true));
        add(pages, "member", &self.member_page(false));
        add(pages, "member-refused", &self.member_page(true));
        let link = "https://casaverde.example/join/FZ3yP0mT7mDk1c0Yw0kq7w2jzV8b9xYpQ1s4t6u8v0w".to_owned();
        let email = "bia@casaverde.example".to_owned();
        add(pages, "invited", &InvitedPage { chrome: self.chrome(Nav::Members), email, link });
        let weak = |chrome: &Chrome| {
            Errors(vec![FieldError {
                field: "password",
                text: chrome.t("setup-error-password-common").to_owned(),
            }])
        };
        for (name, wrong) in [("join", false), ("join-refused", true)] {
            let chrome = self.gate("/join/sample");
            let errors = if wrong { weak(&chrome) } else { Errors::default() };
            let organization = "Casa Verde Utilidades".to_owned();
            let page =
                JoinPage { chrome, token: "sample".to_owned(), organization, password_min_chars: 12, errors };
            add(pages, name, &page);
        }
        let review = |closed_at| ReviewView {
            opened_at: Self::ago(60 * 24 * 3),
            due_at: Self::ahead(60 * 24 * 11),
            closed_at,
            undecided: 2,
        };
        let page = |review: Option<ReviewView>, items| ReviewPage {
            chrome: self.chrome(Nav::Members),
            review,
            items,
            alone: false,
        };
        add(pages, "review", &page(Some(review(None)), self.review_items()));
        add(pages, "review-never", &page(None, Vec::new()));
        let order = OrderId::new(Self::ago(90), &self.entropy);
        let lines = ["Maria Teste", "Rua Exemplo 10", "Centro", "Rio de Janeiro, RJ", "20040-002"];
        let lines = lines.map(str::to_owned).to_vec();
        add(pages, "recipient", &RecipientPage { chrome: self.chrome(Nav::Orders), order, lines });
    }

    fn grant(&self, access: Access, reason: &str, expires_at: Option<Timestamp>) -> GrantView {
        GrantView {
            id: GrantId::new(Self::ago(60), &self.entropy),
            access: access.as_str().to_owned(),
            reason: reason.to_owned(),
            granted_at: Self::ago(60 * 24 * 20),
            expires_at,
        }
    }

    fn member(&self, email: &str, own: bool, grants: Vec<GrantView>) -> MemberView {
        MemberView {
            id: MemberId::new(Self::ago(60 * 24 * 40), &self.entropy),
            email: email.to_owned(),
            own,
            created_at: Self::ago(60 * 24 * 40),
            last_seen_at: own.then(|| Self::ago(1)),
            has_factor: own,
            grants,
        }
    }

    fn members_page(&self, alone: bool) -> MembersPage {
        let owner = vec![self.grant(Access::Role(Role::Owner), "", None)];
        let mut members = vec![self.member("ana@casaverde.example", true, owner)];
        if !alone {
            let packs = Access::Role(Role::Dispatch);
            let grants = vec![
                self.grant(packs, "Expedição da tarde", None),
                self.grant(Access::BuyerData, "Etiquetas à mão", Some(Self::ahead(60 * 24 * 9))),
            ];
            members.push(self.member("bia@casaverde.example", false, grants));
            members.push(self.member("caio@casaverde.example", false, Vec::new()));
        }
        let invitation = InvitationView {
            id: InvitationId::new(Self::ago(9), &self.entropy),
            email: "duda@casaverde.example".to_owned(),
            roles: vec![Role::Support, Role::Analyst],
            expires_at: Self::ahead(60 * 40),
        };
        MembersPage {
            chrome: self.chrome(Nav::Members),
            members,
            invitations: if alone { Vec::new() } else { vec![invitation] },
            review: (!alone).then(|| ReviewView {
                opened_at: Self::ago(60 * 24 * 20),
                due_at: Self::ago(60 * 24 * 6),
                closed_at: None,
                undecided: 1,
            }),
            alone,
            typed_email: String::new(),
            reason: TypedReason::default(),
            errors: Errors::default(),
        }
    }

    fn member_page(&self, refused: bool) -> MemberPage {
        let chrome = self.chrome(Nav::Members);
        let errors = if refused {
            Errors(vec![
                FieldError { field: "days", text: chrome.t("access-error-until").to_owned() },
                FieldError { field: "reason", text: chrome.t("access-error-reason").to_owned() },
            ])
        } else {
            Errors::default()
        };
        let grants = if refused {
            Vec::new()
        } else {
            Access::all().map(|access| self.grant(access, "Expedição da tarde", None)).collect()
        };
        MemberPage {
            chrome,
            whom: self.member("bia@casaverde.example", false, grants),
            reason: TypedReason::default(),
            errors,
        }
    }

    fn review_items(&self) -> Vec<ReviewItem> {
        let item = |email: &str, own, access, kept| ReviewItem {
            email: email.to_owned(),
            own,
            grant: self.grant(access, "Expedição da tarde", None),
            kept,
        };
        vec![
            item("ana@casaverde.example", true, Access::Role(Role::Owner), None),
            item("bia@casaverde.example", false, Access::Role(Role::Dispatch), None),
            item("bia@casaverde.example", false, Access::BuyerData, Some(true)),
        ]
    }
}

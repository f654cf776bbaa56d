use app::audit_push::PushTrouble;
use domain::{Actor, ConnectionId, JobId, Problem};

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::audit::{AuditFields, AuditPage, AuditRow, CheckpointView, Outcome, PushView};
use crate::pages::problems::{ExchangeView, ProblemGroup, ProblemItem, ProblemsPage};
use crate::pages::{Choice, Pager};

fn choice(value: &str, label: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned() }
}

impl Reader {
    fn group(&self, problem: Problem, kind: &str, count: i64) -> ProblemGroup {
        let item = |number: u64| {
            ProblemItem {
            job: JobId::new(NOW, &self.entropy),
            subject: format!("MLB44188200{number}"),
            href: Some("/listings".to_owned()),
            failed_at: Self::ago(number),
            attempts: 10,
            said: (problem == Problem::Refused).then(|| "item.available_quantity.invalid".to_owned()),
            exchange: (number == 31).then(|| ExchangeView {
                at: Self::ago(number),
                request_line: "PUT /items/MLB4418820031".to_owned(),
                request_body: "{\"available_quantity\":7}".to_owned(),
                status: Some(400),
                response_body: "{\n  \"message\": \"Validation error\",\n  \"status\": 400,\n  \"cause\": [{\"code\": \"item.available_quantity.invalid\"}]\n}".to_owned(),
            }),
        }
        };
        ProblemGroup {
            problem,
            kind: kind.to_owned(),
            connection: Some((ConnectionId::new(NOW, &self.entropy), "Casa Verde".to_owned())),
            count,
            first_at: Self::ago(220),
            items: if count > 1 { vec![item(31), item(38), item(44)] } else { vec![item(52)] },
        }
    }

    fn events() -> Vec<AuditRow> {
        let rows = [
            ("order.changed", "2000009876543210", Outcome::Done, Actor::system("ingest"), None),
            ("sku.adjusted", "GAR-1L-INOX", Outcome::Done, Actor::Unknown, Some("ana@casaverde.example")),
            ("listing.stock_written", "MLB4418820031", Outcome::Begun, Actor::system("fan-out"), None),
            ("session.refused", "", Outcome::Refused, Actor::Unknown, None),
            ("connection.tokens_renewed", "Casa Verde", Outcome::Failed, Actor::system("tokens"), None),
        ];
        let numbers = (0_i64..).map(|step| 48_213 - step);
        rows.into_iter()
            .zip(numbers)
            .map(|((action, subject, outcome, actor, member), number)| AuditRow {
                number,
                at: Self::ago(3),
                actor,
                member: member.map(ToOwned::to_owned),
                kind: action.split('.').next().unwrap_or_default().to_owned(),
                action: action.to_owned(),
                subject: subject.to_owned(),
                href: action.starts_with("order").then(|| "/orders".to_owned()),
                outcome,
            })
            .collect()
    }

    pub(super) fn trouble(&self, pages: &mut Vec<Rendered>) {
        let problems = |groups| ProblemsPage { chrome: self.chrome(Nav::Problems), groups };
        add(
            pages,
            "problems",
            &problems(vec![
                self.group(Problem::Refused, "push_stock", 38),
                self.group(Problem::ConsentEnded, "fetch_order", 2),
                self.group(Problem::Garbled, "fetch_order", 1),
            ]),
        );
        add(pages, "problems-none", &problems(Vec::new()));
        let audit = |rows, text: &str, checkpoint, pushes| AuditPage {
            chrome: self.chrome(Nav::Audit),
            filter: AuditFields {
                text: if text.is_empty() { String::new() } else { format!("thing={text}") },
                thing: text.to_owned(),
                ..AuditFields::default()
            },
            whos: vec![choice("mem_1", "Ana"), choice("fan-out", "Lojista")],
            kinds: vec![choice("order", "Pedido")],
            actions: vec![choice("order.changed", "Pedido atualizado")],
            ends: vec![choice("done", "Feito")],
            checkpoint,
            pushes,
            rows,
            pager: Pager { newer: None, older: Some("/audit?before=aud_1".to_owned()) },
        };
        let checkpoint = CheckpointView {
            size: 48_200,
            root: "kx1nXv0m0gq5oQv9T0hY3o2N8s6u1yP4c7bJdE5fGhI=".to_owned(),
            at: Self::ago(4),
            key: "lojista-audit+8f1c2b7a".to_owned(),
        };
        let push = |place: &str, newest, trouble| PushView { place: place.to_owned(), newest, trouble };
        let pushes = vec![
            push("/mnt/contador", Some((48_100, Self::ago(9))), None),
            push(
                "https://contador.example/…",
                Some((47_000, Self::ago(300))),
                Some(PushTrouble::Unreachable),
            ),
        ];
        let parted = vec![push("/mnt/contador", Some((48_300, Self::ago(9))), Some(PushTrouble::Parted))];
        add(pages, "audit", &audit(Self::events(), "", Some(checkpoint.clone()), pushes));
        add(pages, "audit-parted", &audit(Self::events(), "", Some(checkpoint), parted));
        add(pages, "audit-none", &audit(Vec::new(), "x", None, Vec::new()));
    }
}

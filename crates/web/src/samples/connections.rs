use std::time::Duration;

use domain::connection::ReauthorizationReason;
use domain::silence::Silence;
use domain::{ChannelKind, ConnectionId, ConnectionState, Problem, TokenLife};

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::connections::{
    ChannelChoice, ConnectPage, ConnectionPage, ConnectionRow, ConnectionsPage, ImportPage, ImportProgress,
    ImportStage, ImportState, LeaveReason, Plan, PlanPage, PlanRow, PlanTotals, ProblemCount,
};

const DAY_MIN: u64 = 24 * 60;

impl Reader {
    fn life(days_left: Option<u64>) -> TokenLife {
        TokenLife {
            issued_at: Self::ago(170),
            access_expires_at: Self::ahead(190),
            consent_expires_at: days_left.map(|days| Self::ahead(days * DAY_MIN)),
        }
    }

    fn connection(&self, name: &str, state: ConnectionState, days_left: Option<u64>) -> ConnectionRow {
        let running = state == ConnectionState::Active;
        ConnectionRow {
            id: ConnectionId::new(NOW, &self.entropy),
            channel: ChannelKind::MercadoLivre,
            name: name.to_owned(),
            number: "1472583690".to_owned(),
            state,
            life: (state != ConnectionState::Disconnected).then(|| Self::life(days_left)),
            consented_at: Self::ago(120 * DAY_MIN),
            last_hook: running.then(|| Self::ago(2)),
            last_sweep: running.then(|| Self::ago(11)),
            queue_age: running.then_some(Duration::from_secs(4)),
            silent: false,
            held_back: None,
            problems: if running { 0 } else { 38 },
        }
    }

    fn connection_page(&self, row: ConnectionRow, silence: Silence) -> ConnectionPage {
        ConnectionPage {
            chrome: self.chrome(Nav::Connections),
            problems: if row.problems == 0 {
                Vec::new()
            } else {
                vec![
                    ProblemCount { problem: Problem::ConsentEnded, count: 38 },
                    ProblemCount { problem: Problem::ListingNotWritable, count: 2 },
                ]
            },
            import: (row.state == ConnectionState::Disconnected).then_some(ImportState::Paused),
            row,
            paces: Vec::new(),
            next_sweep: Some(Self::ahead(4)),
            queue_length: 3,
            lag: Some(Duration::from_millis(1_900)),
            news_delay: Some(Duration::from_millis(2_400)),
            write_delay: None,
            silence,
        }
    }

    fn plan_page(&self) -> PlanPage {
        let row = |number: &str, shows_units, will_show_units, plan| PlanRow {
            number: number.to_owned(),
            title: "Garrafa térmica inox 1 litro com alça".to_owned(),
            shows_units,
            will_show_units,
            plan,
        };
        PlanPage {
            chrome: self.chrome(Nav::Connections),
            connection: ConnectionId::new(NOW, &self.entropy),
            channel: ChannelKind::MercadoLivre,
            name: "Casa Verde Outlet".to_owned(),
            number: "1472583690".to_owned(),
            site: "MLB".to_owned(),
            may_sell: false,
            totals: PlanTotals { link: 34, create: 112, leave: 9, change: 3, orders: 27 },
            rows: vec![
                row("MLB4418820031", 9, 7, Plan::Link { code: "GAR-1L-INOX".to_owned() }),
                row("MLB4418820032", 12, 12, Plan::Create { code: "POTE-KIT3".to_owned() }),
                row("MLB4418820033", 0, 0, Plan::Leave(LeaveReason::Closed)),
                row("MLB4418820034", 5, 5, Plan::Leave(LeaveReason::PlatformStock)),
                row("MLB4418820035", 5, 5, Plan::Leave(LeaveReason::WithoutCode)),
            ],
        }
    }

    fn import_page(&self, state: ImportState) -> ImportPage {
        ImportPage {
            chrome: self.chrome(Nav::Connections),
            connection: ConnectionId::new(NOW, &self.entropy),
            name: "Casa Verde Outlet".to_owned(),
            state,
            started_at: Self::ago(3),
            stages: vec![
                ImportStage { word: "listings", done: 155, total: Some(155) },
                ImportStage { word: "orders", done: 1_204, total: Some(3_480) },
                ImportStage { word: "stock", done: 0, total: None },
            ],
            problems: match state {
                ImportState::Paused => vec![ProblemCount { problem: Problem::RateLimited, count: 2 }],
                ImportState::Running | ImportState::Done => Vec::new(),
            },
            live: Some("/connections/x/import/live".to_owned()),
        }
    }

    pub(super) fn connections(&self, pages: &mut Vec<Rendered>) {
        let stopped = ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded);
        let silent = ConnectionRow {
            silent: true,
            ..self.connection("Casa Verde", ConnectionState::Active, Some(57))
        };
        let rows = vec![
            silent.clone(),
            self.connection("Casa Verde Outlet", ConnectionState::DryRun, Some(9)),
            self.connection("Loja da Ana", stopped, Some(0)),
            self.connection("Antiga", ConnectionState::Disconnected, None),
        ];
        add(pages, "connections", &ConnectionsPage { chrome: self.chrome(Nav::Connections), rows });
        add(
            pages,
            "connections-none",
            &ConnectionsPage { chrome: self.chrome(Nav::Connections), rows: Vec::new() },
        );
        for ready in [true, false] {
            add(
                pages,
                if ready { "connect" } else { "connect-unready" },
                &ConnectPage {
                    chrome: self.chrome(Nav::Connections),
                    channels: vec![ChannelChoice {
                        kind: ChannelKind::MercadoLivre,
                        scopes: &["read", "write", "offline_access"],
                        ready,
                        redirect_uri: "https://hub.example/connections/callback/mercado_livre".to_owned(),
                        hook_url: "https://hub.example/hooks/mercado_livre/k3J9x".to_owned(),
                    }],
                },
            );
        }
        add(pages, "plan", &self.plan_page());
        add(pages, "plan-empty", &PlanPage { rows: Vec::new(), may_sell: true, ..self.plan_page() });
        add(pages, "import", &self.import_page(ImportState::Running));
        add(pages, "import-paused", &self.import_page(ImportState::Paused));
        let done = self.import_page(ImportState::Done);
        add(pages, "import-done", &done);
        add(
            pages,
            "part-import",
            &ImportProgress {
                chrome: &done.chrome,
                connection: &done.connection,
                state: done.state,
                stages: &done.stages,
                problems: &done.problems,
            },
        );
        let alarm = Silence::Alarm { lasted: Duration::from_hours(3), expected_orders: 11.4 };
        add(pages, "connection", &self.connection_page(silent, alarm));
        for (name, state, days) in [
            ("connection-dry-run", ConnectionState::DryRun, Some(9)),
            ("connection-stopped", stopped, Some(0)),
            ("connection-left", ConnectionState::Disconnected, None),
            ("connection-endless", ConnectionState::Active, None),
        ] {
            let row = self.connection("Casa Verde Outlet", state, days);
            add(pages, name, &self.connection_page(row, Silence::Unknown));
        }
    }
}

//! How a page is looked at: in which light, on what screen, and with a picture if wanted.

use std::env;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::visitor::Visitor;

/// Names a folder that gets a picture of every look.
const PICTURES: &str = "LOJISTA_BROWSER_PICTURES";

/// What the device says about light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Light {
    /// Dark ink on light ground.
    Day,
    /// Light ink on dark ground.
    Night,
}

/// What the page is shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// 390 × 844 CSS pixels.
    Phone,
    /// 1366 × 768 CSS pixels.
    Desk,
}

impl Screen {
    const fn size(self) -> (u32, u32) {
        match self {
            Self::Phone => (390, 844),
            Self::Desk => (1366, 768),
        }
    }
}

impl Visitor {
    /// Looks at the page so from now on.
    pub(crate) async fn looks(&self, screen: Screen, light: Light) {
        let (width, height) = screen.size();
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
        let scheme = if light == Light::Day { "light" } else { "dark" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme},
                                        {"name": "prefers-reduced-motion", "value": "reduce"}]});
        self.devtools("Emulation.setEmulatedMedia", &media).await;
    }

    /// Turns the page's own scripts off or on, from the next page on.
    pub(crate) async fn allows_scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({"value": !allowed})).await;
    }

    /// By how many pixels the page is wider than its screen.
    pub(crate) async fn sticks_out(&self) -> i64 {
        let script = "return document.scrollingElement.scrollWidth - window.innerWidth";
        self.script(script, &json!([])).await.as_i64().unwrap_or_default().max(0)
    }

    /// Texts for which there is next to no width: a letter a line.
    pub(crate) async fn squeezed(&self) -> Vec<String> {
        let script = "const own = node => [...node.childNodes].some(it => it.nodeType === Node.TEXT_NODE && it.data.trim().length > 8);
            return [...document.querySelectorAll('main *')]
                .filter(it => own(it) && !it.closest('.sr') && it.checkVisibility() && it.getClientRects().length > 0)
                .filter(it => getComputedStyle(it).display !== 'inline' && it.getBoundingClientRect().width < 24)
                .map(it => it.textContent.trim().slice(0, 40));";
        let found = self.script(script, &json!([])).await;
        found.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    }

    /// Keeps a picture of the whole page, if the environment names a folder for it.
    pub(crate) async fn pictures(&self, name: &str) {
        let Some(folder) = env::var_os(PICTURES).map(PathBuf::from) else { return };
        let wish = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.devtools("Page.captureScreenshot", &wish).await;
        let bytes =
            STANDARD.decode(picture["data"].as_str().unwrap_or_default()).expect("a picture is base64");
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(folder.join(format!("{name}.png")), bytes).expect("the picture can be written");
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.browser().devtools(command, parameters).await.expect("Chromium knows the command")
    }
}

//! Just enough of HTML to hold a page against the house's rules.

/// An opening tag.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    pub(super) fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| name.as_str())
    }
}

const VOID: [&str; 9] = ["meta", "link", "input", "img", "br", "hr", "use", "path", "rect"];

/// The opening tags in order, or what is wrongly nested.
pub(super) fn tags(html: &str) -> Result<Vec<Tag>, String> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for part in html.split('<').skip(1) {
        let (inside, _) = part.split_once('>').ok_or_else(|| format!("unclosed tag: <{part}"))?;
        if inside.starts_with('!') {
            continue;
        }
        if let Some(name) = inside.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == name => {}
                other => return Err(format!("</{name}> closes {other:?}")),
            }
            continue;
        }
        let tag = parse(inside)?;
        if !VOID.contains(&tag.name.as_str()) {
            check_parent(&tag.name, &open)?;
            open.push(tag.name.clone());
        }
        found.push(tag);
    }
    if open.is_empty() { Ok(found) } else { Err(format!("left open: {open:?}")) }
}

/// Browsers move these out of where they stand, silently.
fn check_parent(name: &str, open: &[String]) -> Result<(), String> {
    let block =
        ["p", "div", "ul", "ol", "dl", "table", "form", "section", "h1", "h2", "h3", "details", "pre"];
    let inside = |parent: &str| open.iter().any(|known| known == parent);
    if inside("p") && block.contains(&name) {
        return Err(format!("<{name}> inside <p>"));
    }
    if (name == "form" && inside("form"))
        || (["a", "button"].contains(&name) && (inside("a") || inside("button")))
    {
        return Err(format!("<{name}> inside its like"));
    }
    Ok(())
}

fn parse(inside: &str) -> Result<Tag, String> {
    let inside = inside.trim_end_matches('/');
    let (name, mut rest) = inside.split_once([' ', '\n']).unwrap_or((inside, ""));
    let mut attributes: Vec<(String, String)> = Vec::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let end = rest.find([' ', '=', '\n']).unwrap_or(rest.len());
        let attribute = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let (text, after) =
                quoted.split_once('"').ok_or_else(|| format!("unclosed quote in <{inside}>"))?;
            text.clone_into(&mut value);
            rest = after;
        } else if rest.starts_with('=') {
            return Err(format!("unquoted value in <{inside}>"));
        }
        if attributes.iter().any(|(known, _)| *known == attribute) {
            return Err(format!("{attribute} twice in <{inside}>"));
        }
        attributes.push((attribute, value));
    }
    Ok(Tag { name: name.to_owned(), attributes })
}

#[test]
fn wrong_nesting_is_seen() {
    assert!(tags("<div><p></div></p>").is_err());
    assert!(tags("<p><div></div></p>").is_err());
    assert!(tags("<div>").is_err());
    assert!(tags("<a href=\"/\"><a href=\"/\"></a></a>").is_err());
    assert!(tags("<p class=\"a\" class=\"b\"></p>").is_err());
    assert_eq!(tags("<p class=\"x y\" hidden>a</p>").unwrap()[0].get("class"), Some("x y"));
}

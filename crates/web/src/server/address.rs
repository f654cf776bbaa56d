//! What an address says behind its question mark, for lists that are narrowed by it.

/// Makes the type of an address: texts by name. Unknown names are left out, and what is empty
/// is not written.
macro_rules! address {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
        #[serde(default)]
        pub(crate) struct $name {
            $($field: String,)*
        }

        impl $name {
            /// Reads what an address says behind its question mark; other names are left out.
            pub(crate) fn parse(text: &str) -> Self {
                let mut query = Self::default();
                for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
                    match name.as_ref() {
                        $(stringify!($field) => query.$field = value.into_owned(),)*
                        _ => {}
                    }
                }
                query
            }

            /// Every text.
            fn texts(&self) -> impl Iterator<Item = (&'static str, &String)> {
                [$((stringify!($field), &self.$field)),*].into_iter()
            }

            /// As an address writes it.
            fn pairs(&self) -> String {
                let mut pairs = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in self.texts() {
                    let value = value.trim();
                    if !value.is_empty() {
                        pairs.append_pair(name, value);
                    }
                }
                pairs.finish()
            }
        }
    };
}

pub(crate) use address;

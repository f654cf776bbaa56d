//! Which column is which, by its heading: ours in three languages, and those of the programs that
//! sellers come from.

use super::SheetRow;
use crate::catalogue::MAX_AXES;
use crate::order_list::title_key;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The code of the product that the row is a variant of.
    Parent,
    /// The product's title.
    Title,
    /// Its brand.
    Brand,
    /// Its description.
    Description,
    /// Its tags, with commas or semicolons between them.
    Tags,
    /// What variants differ in (`Cor`).
    AxisName(usize),
    /// What this one is of it (`Preta`).
    AxisOption(usize),
    /// Both in one cell (`Cor:Preta;Tamanho:P`).
    Variation,
    /// The SKU's code.
    Code,
    /// What a SKU without a product is called: told, never taken.
    SkuName,
    /// Bar code.
    Gtin,
    /// What a piece costs.
    Cost,
    /// Taxes on a sale, in percent.
    Tax,
    /// Weight with its packaging, in grams.
    Weight,
    /// The same in kilograms.
    WeightKg,
    /// Length, in centimetres.
    Length,
    /// Width, in centimetres.
    Width,
    /// Height, in centimetres.
    Height,
    /// Nomenclature.
    Ncm,
    /// Origin.
    Origin,
    /// What lies on the shelf, in units.
    OnHand,
}

impl Column {
    /// The columns of our own table, in its order.
    pub const OURS: [Self; 22] = [
        Self::Parent,
        Self::Title,
        Self::Brand,
        Self::Description,
        Self::Tags,
        Self::AxisName(0),
        Self::AxisOption(0),
        Self::AxisName(1),
        Self::AxisOption(1),
        Self::AxisName(2),
        Self::AxisOption(2),
        Self::Code,
        Self::SkuName,
        Self::Gtin,
        Self::Cost,
        Self::Tax,
        Self::Weight,
        Self::Length,
        Self::Width,
        Self::Height,
        Self::Ncm,
        Self::Origin,
    ];

    /// Every column: ours with the stock, and those that only other programs have.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::OURS.into_iter().chain([Self::OnHand, Self::Variation, Self::WeightKg])
    }

    /// Whether it holds a number whose marks have to be read.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Cost
                | Self::Tax
                | Self::Weight
                | Self::WeightKg
                | Self::Length
                | Self::Width
                | Self::Height
                | Self::OnHand
        )
    }

    /// The word in rows and translation keys (`sheet-col-<word>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Title => "title",
            Self::Brand => "brand",
            Self::Description => "description",
            Self::Tags => "tags",
            Self::AxisName(0) => "axis1",
            Self::AxisName(1) => "axis2",
            Self::AxisName(_) => "axis3",
            Self::AxisOption(0) => "option1",
            Self::AxisOption(1) => "option2",
            Self::AxisOption(_) => "option3",
            Self::Variation => "variation",
            Self::Code => "code",
            Self::SkuName => "sku_name",
            Self::Gtin => "gtin",
            Self::Cost => "cost",
            Self::Tax => "tax",
            Self::Weight => "weight",
            Self::WeightKg => "weight_kg",
            Self::Length => "length",
            Self::Width => "width",
            Self::Height => "height",
            Self::Ncm => "ncm",
            Self::Origin => "origin",
            Self::OnHand => "on_hand",
        }
    }

    /// The column of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|column| column.as_str() == word)
    }

    /// Its heading in our own table: pt-BR, es, en.
    #[must_use]
    pub const fn headings(self) -> [&'static str; 3] {
        match self {
            Self::Parent => ["Código pai", "Código padre", "Parent code"],
            Self::Title => ["Título", "Título", "Title"],
            Self::Brand => ["Marca", "Marca", "Brand"],
            Self::Description => ["Descrição", "Descripción", "Description"],
            Self::Tags => ["Etiquetas", "Etiquetas", "Tags"],
            Self::AxisName(0) => ["Variação 1", "Variante 1", "Variant 1"],
            Self::AxisName(1) => ["Variação 2", "Variante 2", "Variant 2"],
            Self::AxisName(_) => ["Variação 3", "Variante 3", "Variant 3"],
            Self::AxisOption(0) => ["Opção 1", "Opción 1", "Option 1"],
            Self::AxisOption(1) => ["Opção 2", "Opción 2", "Option 2"],
            Self::AxisOption(_) => ["Opção 3", "Opción 3", "Option 3"],
            Self::Variation => ["Variações", "Variaciones", "Variations"],
            Self::Code => ["SKU", "SKU", "SKU"],
            Self::SkuName => ["Nome do SKU", "Nombre del SKU", "SKU name"],
            Self::Gtin => ["GTIN", "GTIN", "GTIN"],
            Self::Cost => ["Custo", "Costo", "Cost"],
            Self::Tax => ["Impostos (%)", "Impuestos (%)", "Taxes (%)"],
            Self::Weight => ["Peso (g)", "Peso (g)", "Weight (g)"],
            Self::WeightKg => ["Peso (kg)", "Peso (kg)", "Weight (kg)"],
            Self::Length => ["Comprimento (cm)", "Largo (cm)", "Length (cm)"],
            Self::Width => ["Largura (cm)", "Ancho (cm)", "Width (cm)"],
            Self::Height => ["Altura (cm)", "Alto (cm)", "Height (cm)"],
            Self::Ncm => ["NCM", "NCM", "NCM"],
            Self::Origin => ["Origem", "Origen", "Origin"],
            Self::OnHand => ["Estoque", "Existencias", "Stock"],
        }
    }
}

/// Headings of other programs, as [`heading_key`] writes them.
///
/// Bling: the heading of its product table (`Código;Descrição;…;Código Pai;…`) as public programs
/// that write it have it, read in November 2026. There, `Descrição` is the name, and of a variant it
/// is `Cor:Preta;Tamanho:P`. Olist Tiny and UpSeller: as sellers show them; their own documents do not
/// list them, so these are uncertain and more than one spelling is taken.
const OTHERS: &[(&str, Column)] = &[
    // Bling.
    ("codigo", Column::Code),
    ("precodecusto", Column::Cost),
    ("pesobrutokg", Column::WeightKg),
    ("gtinean", Column::Gtin),
    ("larguradoproduto", Column::Width),
    ("alturadoproduto", Column::Height),
    ("profundidadedoproduto", Column::Length),
    ("descricaocomplementar", Column::Description),
    ("grupodetagstags", Column::Tags),
    // Olist Tiny (uncertain).
    ("codigosku", Column::Code),
    ("skucodigo", Column::Code),
    ("classificacaofiscal", Column::Ncm),
    ("larguraembalagem", Column::Width),
    ("alturaembalagem", Column::Height),
    ("comprimentoembalagem", Column::Length),
    ("codigodopai", Column::Parent),
    ("variacoes", Column::Variation),
    // UpSeller (uncertain), and what people write by hand.
    ("nome", Column::Title),
    ("nomedoproduto", Column::Title),
    ("titulodoproduto", Column::Title),
    ("produto", Column::Title),
    ("codigodosku", Column::Code),
    ("skupai", Column::Parent),
    ("spu", Column::Parent),
    ("codigodebarras", Column::Gtin),
    ("ean", Column::Gtin),
    ("custodecompra", Column::Cost),
    ("custounitario", Column::Cost),
    ("estoqueatual", Column::OnHand),
    ("quantidadeemestoque", Column::OnHand),
    ("saldo", Column::OnHand),
    ("tags", Column::Tags),
];

/// What the house cannot take in yet, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Prices.
    Prices,
    /// What kits are made of.
    Kits,
    /// Which offer sells which SKU.
    Links,
    /// Pictures.
    Pictures,
}

impl Waiting {
    /// The word in translation keys (`sheet-waiting-<word>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prices => "prices",
            Self::Kits => "kits",
            Self::Links => "links",
            Self::Pictures => "pictures",
        }
    }

    /// The word's meaning.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Prices, Self::Kits, Self::Links, Self::Pictures].into_iter().find(|it| it.as_str() == word)
    }

    fn of(key: &str) -> Option<Self> {
        let begins = |words: &[&str]| words.iter().any(|word| key.starts_with(word));
        if begins(&["kit", "composicao", "componente", "itensdokit", "skudokit"]) {
            Some(Self::Kits)
        } else if begins(&["urlimage", "imagem", "imagen", "image", "foto", "picture"]) {
            Some(Self::Pictures)
        } else if begins(&[
            "anuncio",
            "iddoanuncio",
            "idanuncio",
            "linkexterno",
            "listing",
            "publicacion",
            "mlb",
        ]) {
            Some(Self::Links)
        } else {
            // What was paid for goods is no price of ours.
            let is_price = begins(&["preco", "precio", "price", "valordevenda"]) && key != "precodecompra";
            is_price.then_some(Self::Prices)
        }
    }
}

/// A heading as it is compared: small letters without accents, blanks and marks.
pub(crate) fn heading_key(heading: &str) -> String {
    title_key(heading).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// The name of a product where no column is called title (Bling, Olist Tiny).
const NAME_OR_TEXT: &str = "descricao";

/// Why a heading is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderFault {
    /// No column has the codes of SKUs.
    NoCode,
    /// Two columns hold the same: these two.
    Twice(String, String),
}

/// Which column stands where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnMap {
    places: Vec<(Column, usize)>,
    /// Headings that are known and taken, with what they hold.
    pub taken: Vec<(Column, String)>,
    /// Headings of what cannot be taken in yet.
    pub waiting: Vec<(Waiting, String)>,
    /// Headings that nobody knows.
    pub unknown: Vec<String>,
}

impl ColumnMap {
    /// Reads a heading.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(header: &[String]) -> Result<Self, HeaderFault> {
        let keys: Vec<String> = header.iter().map(|heading| heading_key(heading)).collect();
        let has_title = keys.iter().any(|key| column_of(key) == Some(Column::Title));
        let mut map = Self::default();
        for (place, (heading, key)) in header.iter().zip(&keys).enumerate() {
            if key.is_empty() {
                continue;
            }
            let column = match column_of(key) {
                Some(Column::Description) if key == NAME_OR_TEXT && !has_title => Some(Column::Title),
                column => column,
            };
            match column {
                Some(column) => map.take(column, place, heading)?,
                None => match Waiting::of(key) {
                    Some(waiting) => map.waiting.push((waiting, heading.clone())),
                    None => map.unknown.push(heading.clone()),
                },
            }
        }
        if map.place(Column::Code).is_none() { Err(HeaderFault::NoCode) } else { Ok(map) }
    }

    fn take(&mut self, column: Column, place: usize, heading: &str) -> Result<(), HeaderFault> {
        if let Some((_, other)) = self.taken.iter().find(|(taken, _)| *taken == column) {
            return Err(HeaderFault::Twice(other.clone(), heading.to_owned()));
        }
        self.places.push((column, place));
        self.taken.push((column, heading.to_owned()));
        Ok(())
    }

    /// Where a column stands.
    #[must_use]
    pub fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == column).map(|(_, place)| *place)
    }

    /// Every column that is there, with its place.
    pub fn places(&self) -> impl Iterator<Item = (Column, usize)> {
        self.places.iter().copied()
    }

    /// What stands in a row's column; nothing where there is no such column.
    #[must_use]
    pub fn cell<'r>(&self, row: &'r SheetRow, column: Column) -> &'r str {
        self.place(column).and_then(|place| row.cells.get(place)).map_or("", String::as_str)
    }
}

/// The column of a heading's key.
pub(crate) fn column_of(key: &str) -> Option<Column> {
    let ours =
        Column::all().find(|column| column.headings().iter().any(|heading| heading_key(heading) == key));
    ours.or_else(|| OTHERS.iter().find(|(other, _)| *other == key).map(|(_, column)| *column))
}

const _: () = assert!(MAX_AXES == 3, "the table has columns for three axes");

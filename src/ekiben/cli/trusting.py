"""`ekiben verify`, `sign`: is a Bento or a model what it was, and who vouches for it. Written once for both."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ekiben.cli.options import Progress, TagArgument
from ekiben.cli.output import print_json, size_text
from ekiben.cli.state import State, state_of
from ekiben.errors import DamagedItem, InvalidSignature, UsageError
from ekiben.report import printable

if TYPE_CHECKING:
    from ekiben.packager.verification import Verification
    from ekiben.report import Reporter
    from ekiben.store.bentos import Bento
    from ekiben.store.signatures import SignatureState, Subject
    from ekiben.store.verify import Damage
    from ekiben.trust.keys import PrivateKey, PublicKey


class VerifyFormat(StrEnum):
    """How a verification is printed."""

    text = "text"
    json = "json"


VerifyKeys: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="PUB.pem",
        help="A public key, of which one must have signed; may be repeated (default: the settings' `trusted_keys`).",
    ),
]
VerifyOutput: TypeAlias = Annotated[VerifyFormat, typer.Option("--output", "-o", help="How to print.")]
SignKey: TypeAlias = Annotated[
    str | None,
    typer.Option("--key", metavar="PRIV.pem", help="The private key's file, or env://VARIABLE that holds it."),
]
Attach: TypeAlias = Annotated[
    Path | None,
    typer.Option("--attach", metavar="BUNDLE", help="Take a signature made elsewhere; --key is then the public key."),
]


def verify_bento(
    ctx: typer.Context,
    tag: TagArgument,
    key: VerifyKeys = None,
    output: VerifyOutput = VerifyFormat.text,
    progress: Progress = None,
) -> None:
    """Check a Bento: every file, its lock, its models, and who signed it. Exit code 1 where anything is amiss."""
    from ekiben.packager.verification import verify_bento as verify

    state = state_of(ctx)
    state.override(progress=progress)
    keys = _public_keys(state, key)
    verified = verify(state.store.bentos.get(tag), state.store, keys, state.reporter)
    _report(verified, keys if key else (), output, state.reporter)


def verify_model(
    ctx: typer.Context,
    tag: TagArgument,
    key: VerifyKeys = None,
    output: VerifyOutput = VerifyFormat.text,
    progress: Progress = None,
) -> None:
    """Check a model: every file, and who signed it. Exit code 1 where anything is amiss."""
    from ekiben.packager.verification import verify_model as verify

    state = state_of(ctx)
    state.override(progress=progress)
    keys = _public_keys(state, key)
    verified = verify(state.store.models.get(tag), keys, state.reporter)
    _report(verified, keys if key else (), output, state.reporter)


def sign_bento(
    ctx: typer.Context,
    tag: Annotated[str | None, typer.Argument(help="NAME, NAME:VERSION or a unique start of the version.")] = None,
    key: SignKey = None,
    attach: Attach = None,
    generate_key: Annotated[
        str | None,
        typer.Option("--generate-key", metavar="NAME", help="Make a key pair, NAME.key and NAME.pub, and stop."),
    ] = None,
) -> None:
    """Sign a Bento, and with it the models that it names. Prints the path of the signature."""
    state = state_of(ctx)
    if generate_key is not None:
        if tag is not None or key is not None or attach is not None:
            raise UsageError("--generate-key makes a key pair and signs nothing", hint="sign by a second command")
        _generate_key(state, generate_key)
        return
    if tag is None:
        raise UsageError("there is nothing to sign", hint="name a Bento, or make a key pair with --generate-key")
    from ekiben.packager.verification import verify_bento as verify

    bento = state.store.bentos.get(tag)
    _sign(state, verify(bento, state.store, (), state.reporter), key, attach)


def sign_model(ctx: typer.Context, tag: TagArgument, key: SignKey = None, attach: Attach = None) -> None:
    """Sign a model, as OpenSSF Model Signing has it. Prints the path of the signature."""
    from ekiben.packager.verification import verify_model as verify

    state = state_of(ctx)
    _sign(state, verify(state.store.models.get(tag), (), state.reporter), key, attach)


def _public_keys(state: State, places: Sequence[str] | None) -> tuple[PublicKey, ...]:
    from ekiben.trust.key_files import read_public_key
    from ekiben.trust.policy import trusted_keys

    return tuple(map(read_public_key, places)) if places else trusted_keys(state.settings)


def _report(verified: Verification, required: Sequence[PublicKey], output: VerifyFormat, reporter: Reporter) -> None:
    """Prints what was found. Raises DamagedItem where anything is amiss."""
    from ekiben.store.bentos import moving_hint

    if required:
        verified = verified.required_signed(required)
    for one in (verified, *verified.models):
        if one.has_odd_version and not one.damage:
            reporter.warn(
                f"the version of {one.subject} looks made from content, and not from this one",
                hint="BentoML's versions do; so would one that somebody wrote anew: ask for a signature with --key",
            )
    if verified.lacks_lock:
        reporter.warn(f"{verified.subject} has no lock: BentoML built it", hint=moving_hint(verified.subject.name))
    findings = list(verified.findings())
    match output:
        case VerifyFormat.json:
            print_json(_as_data(verified, findings))
        case VerifyFormat.text:
            print("\n".join(_as_text(verified)))
    if findings:
        raise DamagedItem(
            f"{verified.subject} is not what it should be: {len(findings)} finding{'s' if len(findings) > 1 else ''}"
        )


def _as_text(verified: Verification, indent: str = "") -> list[str]:
    lines = [
        f"{indent}{verified.subject.kind} {verified.subject.name}: {_state_text(verified)};"
        f" {_files_text(verified.file_count)}, {size_text(verified.size_bytes)}, {verified.subject.digest}"
    ]
    lines += [f"{indent}  {printable(one.path, keep='')}: {printable(one.what, keep='')}" for one in verified.damage]
    since = ", and changed since" if verified.damage else ""
    lines += [f"{indent}  {_signature_text(state, since)}" for state in verified.signatures if not state.fault]
    for model in verified.models:
        lines += _as_text(model, indent + "  ")
    return lines


def _files_text(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _state_text(verified: Verification) -> str:
    if verified.damage:
        return "whole, and not signed as it should be" if verified.is_whole else "damaged"
    if verified.names_content:
        return "as its version names it"
    if verified.has_odd_version:
        return "as its receipt says, and its version is not that of this content"
    return "as its receipt says"


def _signature_text(state: SignatureState, since: str) -> str:
    if state.key:
        return f"signed by {state.key.id} ({state.key.place}){since}"
    return f"{state.path}: not verified, key {state.key_id} was not given"


def _as_data(verified: Verification, findings: Sequence[tuple[Subject, Damage]]) -> dict[str, object]:
    return {
        "tag": verified.subject.name,
        "kind": verified.subject.kind,
        "is_sound": not findings,
        "digest": str(verified.subject.digest),
        "version_names_content": verified.names_content,
        "lacks_lock": verified.lacks_lock,
        "files": verified.file_count,
        "size_bytes": verified.size_bytes,
        "findings": [
            {"tag": subject.name, "path": printable(one.path, keep=""), "message": printable(one.what, keep="")}
            for subject, one in findings
        ],
        "signatures": [
            {
                "path": state.path,
                "key_id": state.key_id,
                "key": state.key.place if state.key else None,
                "state": "refused" if state.fault else "verified" if state.key else "not verified",
            }
            for state in verified.signatures
        ],
        "models": [_as_data(model, list(model.findings())) for model in verified.models],
    }


def private_key(place: str) -> PrivateKey:
    """The key at `place`; asks for its password where there is a terminal."""
    from ekiben.trust.key_files import read_private_key

    return read_private_key(place, ask=_ask_password if sys.stdin.isatty() else None)


def sign_item(state: State, verified: Verification, key: PrivateKey) -> Path:
    """Signs what was found whole; gives the path of the signature. Raises DamagedItem."""
    from ekiben.store.signatures import sign

    _require_whole(verified)
    return _keep(state, verified.subject, sign(verified.subject, key), key.public)


def _sign(state: State, verified: Verification, key: str | None, attach: Path | None) -> None:
    """Signs, or takes in the signature `attach`; prints where it is."""
    from ekiben.trust.key_files import read_public_key

    if key is None:
        raise UsageError("there is no key to sign with", hint="pass --key PRIV.pem; make one with --generate-key NAME")
    _require_whole(verified)
    if attach is None:
        print(sign_item(state, verified, private_key(key)))
        return
    public, content = read_public_key(key), _read_bundle(attach)
    try:
        print(_keep(state, verified.subject, content, public))
    except InvalidSignature as error:  # whose message follows a path
        raise InvalidSignature(f"`{attach}` {error}") from error


def _require_whole(verified: Verification) -> None:
    """Raises DamagedItem for what nobody should sign."""
    subject = verified.subject
    damage = [(whose, one) for whose, one in verified.findings() if not one.path.startswith("signatures/")]
    if damage:
        whose, one = damage[0]
        fault = printable(f"`{one.path}` {one.what}", keep="")
        raise DamagedItem(
            f"{subject} is not signed, since {whose} is damaged: {fault}",
            hint=f"see `ekiben {'models ' if subject.kind == 'model' else ''}verify {subject.name}`",
        )


def _keep(state: State, subject: Subject, content: bytes, public: PublicKey) -> Path:
    from ekiben.store.signatures import store_signature

    path = store_signature(subject, content, public, state.store.layout)
    state.reporter.info(f"{subject} is signed by {public.id} ({public.place})")
    return path


def _read_bundle(path: Path) -> bytes:
    from ekiben.errors import PathNotFound
    from ekiben.store.documents import read_bytes

    try:
        return read_bytes(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PathNotFound(f"there is no bundle `{path}`") from error


def _generate_key(state: State, name: str) -> None:
    from ekiben.trust.key_files import write_key_pair

    key = write_key_pair(name, ask=_ask_new_password if sys.stdin.isatty() else None)
    state.reporter.info(f"key {key.public.id}: keep {name}.key to yourself, and give {name}.pub to who verifies")
    print(f"{name}.key\n{name}.pub")


def _ask_password(question: str) -> str:
    return str(typer.prompt(question, hide_input=True, default="", show_default=False, err=True))


def _ask_new_password(question: str) -> str:
    return str(
        typer.prompt(
            f"{question} (empty for none)",
            hide_input=True,
            default="",
            show_default=False,
            err=True,
            confirmation_prompt=True,
        )
    )


def admit_served(state: State, what: str, item: Bento | Path | None) -> None:
    """Refuses what the settings do not let be served. `item` is a Bento, or a folder that may hold one; None for what
    nobody can sign. Where nothing has to be signed, nothing is read. Raises NotTrusted, DamagedItem."""
    if "serve" not in state.settings.require_signed.value:
        return
    from ekiben.store.admission import admit_bento, bento_at, refuse_unsigned
    from ekiben.store.bento_models import require_model
    from ekiben.trust.policy import policy_for

    policy = policy_for("serve", state.settings)
    assert policy is not None, "the settings want signatures on what is served"
    bento = bento_at(item) if isinstance(item, Path) else item
    if bento is None:
        refuse_unsigned(what, policy)
    models = [require_model(entry, state.store.models) for entry in bento.manifest.models]
    admit_bento(bento, models, policy, state.reporter)

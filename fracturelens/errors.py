"""Every error that Fracturelens raises on purpose: one base class with a stable code, one-line subclasses.

The ``code`` is part of the public interface (command line, HTTP, logs) and never changes its meaning;
``status`` is the HTTP status that it maps to (RFC 9110). The message names the limit, the value seen and the remedy,
and never quotes the film, its name or its tags.
"""

from __future__ import annotations

from typing import ClassVar


class FracturelensError(Exception):
    """Base of all errors; raise a subclass."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.title)

    @property
    def message(self) -> str:
        return str(self)


class FilmError(FracturelensError):
    """The bytes sent cannot be read as a film."""

    code = "unreadable_film"
    status = 422
    title = "The film could not be read"


class EmptyFile(FilmError):
    """Nothing was sent."""

    code = "empty_file"
    status = 400
    title = "The file is empty"


class FileTooLarge(FilmError):
    """More bytes than the limit."""

    code = "file_too_large"
    status = 413
    title = "The file is too large"


class TooManyPixels(FilmError):
    """The header claims more pixels than the limit; nothing was decoded."""

    code = "too_many_pixels"
    status = 413
    title = "The image has too many pixels"


class ImageTooSmall(FilmError):
    """A side is too short to hold a film."""

    code = "image_too_small"
    title = "The image is too small to be a film"


class UnsupportedFormat(FilmError):
    """Not PNG, JPEG, TIFF, WebP or DICOM."""

    code = "unsupported_format"
    status = 415
    title = "The file is not a PNG, JPEG, TIFF, WebP or DICOM image"


class DamagedImage(FilmError):
    """The format is known, but the content is truncated or corrupt."""

    code = "damaged_image"
    title = "The image is damaged or incomplete"


class AnimatedImage(FilmError):
    """An animation is not a film."""

    code = "animated_image"
    title = "The image is an animation"


class DicomWithoutPixels(FilmError):
    """A DICOM object without pixel data (a report, a structure set, ...)."""

    code = "dicom_without_pixels"
    title = "The DICOM object holds no image"


class UnsupportedDicom(FilmError):
    """A DICOM image in an encoding that this installation does not decode."""

    code = "unsupported_dicom"
    title = "The DICOM image uses an encoding that is not supported"


class FileUnreadable(FilmError):
    """A name on the command line stands for no file that can be opened."""

    code = "file_unreadable"
    title = "The file cannot be opened"


class NoFilms(FilmError):
    """A folder on the command line without a single film."""

    code = "no_films"
    title = "The folder holds no films"


class RequestError(FracturelensError):
    """The request is not one that the service answers."""

    code = "bad_request"
    status = 400
    title = "The request is not valid"


class MissingFile(RequestError):
    """A form without a ``file`` part."""

    code = "missing_file"
    title = "The form has no part named 'file'"


class UnsupportedMediaType(RequestError):
    """A body whose content type is not read here."""

    code = "unsupported_media_type"
    status = 415
    title = "The content type is not supported"


class InvalidParameter(RequestError):
    """A query or body field with a value outside its range."""

    code = "invalid_parameter"
    status = 422
    title = "A parameter is not valid"


class NotFound(RequestError):
    """No such route, assessment or upload, or it has expired."""

    code = "not_found"
    status = 404
    title = "Not found"


class MethodNotAllowed(RequestError):
    """The route exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    title = "The method is not allowed on this route"


class Unauthenticated(RequestError):
    """Nothing tells who asks, or what does is not valid (any more)."""

    code = "unauthenticated"
    status = 401
    title = "Sign in first"


class NotPermitted(RequestError):
    """It is known who asks, and that they may not."""

    code = "not_permitted"
    status = 403
    title = "You may not use this service"


class CrossOrigin(RequestError):
    """A page of another origin tries to use this server through the reader's browser."""

    code = "cross_origin"
    status = 403
    title = "Requests from other web sites are refused"


class RequestTimeout(RequestError):
    """The body stopped arriving."""

    code = "request_timeout"
    status = 408
    title = "The request took too long to arrive"


class UnknownHost(RequestError):
    """The Host header names a host that this server does not answer for (DNS rebinding)."""

    code = "unknown_host"
    status = 421
    title = "This server does not answer for that host name"


class AnswerTooLarge(RequestError):
    """The answer is larger than the way back carries (AWS Lambda: 6 MB)."""

    code = "answer_too_large"
    status = 422
    title = "The answer is too large to be sent"


class InvalidSetting(FracturelensError):
    """An environment variable or option with a value outside its range."""

    code = "invalid_setting"
    title = "A setting is not valid"


class AddressUnavailable(FracturelensError):
    """The server cannot listen where it was told to."""

    code = "address_unavailable"
    title = "The address cannot be listened on"


class Busy(FracturelensError):
    """More work is waiting than the service takes on; try again."""

    code = "busy"
    status = 503
    title = "The service is busy"


class DeadlineExceeded(FracturelensError):
    """The work would not have been done before whoever runs it gives up (AWS Lambda's timeout)."""

    code = "deadline_exceeded"
    status = 504
    title = "There was not enough time"


class StoreError(FracturelensError):
    """Results cannot be written or read."""

    code = "store_unavailable"
    status = 503
    title = "Results cannot be stored"


class BundleError(FracturelensError):
    """The model bundle cannot be used."""

    code = "bundle_unusable"
    title = "The model bundle cannot be used"


class BundleNotFound(BundleError):
    """No bundle at the place named."""

    code = "bundle_not_found"
    title = "There is no model bundle at this place"


class BundleDamaged(BundleError):
    """A file of the bundle is missing, malformed or does not match its digest."""

    code = "bundle_damaged"
    title = "The model bundle is damaged"


class BundleTooNew(BundleError):
    """The bundle was written by a later version."""

    code = "bundle_too_new"
    title = "The model bundle needs a newer version of Fracturelens"


class RegistryUnavailable(BundleError):
    """The registry of models cannot be read or written."""

    code = "registry_unavailable"
    title = "The registry of models cannot be used"


class UnknownVersion(BundleError):
    """The registry holds no such version."""

    code = "unknown_version"
    title = "There is no such version in the registry"


class VersionExists(BundleError):
    """A version that is in the registry would have been replaced."""

    code = "version_exists"
    title = "The registry has this version already"


class NotCompared(BundleError):
    """Nothing says that a version is as good as the one in use."""

    code = "not_compared"
    title = "The version has not been found to be as good as the one in use"

# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.
import collections.abc
import typing

from nacre._core import Tensor

def __getattr__(name: str) -> typing.Any: ...
def affine_transform(images: typing.Any, transform: typing.Any, interpolation: str = 'bilinear', fill_mode: str = 'constant', fill_value: float = 0.0, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def crop_images(images: typing.Any, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None, right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def elastic_transform(images: typing.Any, alpha: float = 20.0, sigma: float = 5.0, interpolation: str = 'bilinear', fill_mode: str = 'reflect', fill_value: float = 0.0, seed: typing.Any = None, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def extract_patches(images: typing.Any, size: int | collections.abc.Sequence[int], strides: int | collections.abc.Sequence[int] | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def extract_patches_3d(volumes: typing.Any, size: int | collections.abc.Sequence[int], strides: int | collections.abc.Sequence[int] | None = None, dilation_rate: int | collections.abc.Sequence[int] = (1,), padding: str = 'valid', data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def gaussian_blur(images: typing.Any, kernel_size: int | collections.abc.Sequence[int] = (3, 3), sigma: float | collections.abc.Sequence[float] = (1.0, 1.0), data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def hsv_to_rgb(images: typing.Any, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def map_coordinates(inputs: typing.Any, coordinates: typing.Any, order: int, fill_mode: str = 'constant', fill_value: float = 0.0) -> Tensor:
    """An op: a function of tensors."""
def pad_images(images: typing.Any, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None, right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def perspective_transform(images: typing.Any, start_points: typing.Any, end_points: typing.Any, interpolation: str = 'bilinear', fill_value: float = 0.0, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def resize(images: typing.Any, size: int | collections.abc.Sequence[int], interpolation: str = 'bilinear', antialias: bool = False, crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = 'constant', fill_value: float = 0.0, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def rgb_to_grayscale(images: typing.Any, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def rgb_to_hsv(images: typing.Any, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def scale_and_translate(images: typing.Any, output_shape: int | collections.abc.Sequence[int], scale: float | collections.abc.Sequence[float], translation: float | collections.abc.Sequence[float], spatial_dims: int | collections.abc.Sequence[int], method: str, antialias: bool = True) -> Tensor:
    """An op: a function of tensors."""
def sobel_edges(images: typing.Any, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""
def ssim(image1: typing.Any, image2: typing.Any, max_val: float = 1.0, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03, data_format: str | None = None) -> Tensor:
    """An op: a function of tensors."""

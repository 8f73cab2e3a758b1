"""Small things around training: seeds, labels, progress bars, pictures, files, datasets."""

from nacre.saving.objects import (
    CustomObjectScope as CustomObjectScope,
    custom_object_scope as custom_object_scope,
    deserialize_keras_object as deserialize_keras_object,
    get_custom_objects as get_custom_objects,
    get_registered_name as get_registered_name,
    get_registered_object as get_registered_object,
    register_keras_serializable as register_keras_serializable,
    serialize_keras_object as serialize_keras_object,
)
from nacre.utils.config import (
    Config as Config,
)
from nacre.utils.console import (
    disable_interactive_logging as disable_interactive_logging,
    enable_interactive_logging as enable_interactive_logging,
    is_interactive_logging_enabled as is_interactive_logging_enabled,
)
from nacre.utils.data_tuples import (
    pack_x_y_sample_weight as pack_x_y_sample_weight,
    unpack_x_y_sample_weight as unpack_x_y_sample_weight,
)
from nacre.utils.get_file import (
    get_file as get_file,
)
from nacre.utils.image_dataset import (
    image_dataset_from_directory as image_dataset_from_directory,
)
from nacre.utils.images import (
    array_to_img as array_to_img,
    img_to_array as img_to_array,
    load_img as load_img,
    save_img as save_img,
)
from nacre.utils.model_graph import (
    model_to_dot as model_to_dot,
    plot_model as plot_model,
)
from nacre.utils.numerical import normalize as normalize, to_categorical as to_categorical
from nacre.utils.plotting import plot_history as plot_history
from nacre.utils.progbar import Progbar as Progbar
from nacre.utils.py_dataset import PyDataset as PyDataset
from nacre.utils.seed import set_random_seed as set_random_seed
from nacre.utils.sequences import (
    pad_sequences as pad_sequences,
)
from nacre.utils.session import (
    clear_session as clear_session,
    get_source_inputs as get_source_inputs,
    is_keras_tensor as is_keras_tensor,
    standardize_dtype as standardize_dtype,
)
from nacre.utils.split_dataset import split_dataset as split_dataset
from nacre.utils.text_dataset import (
    text_dataset_from_directory as text_dataset_from_directory,
)
from nacre.utils.timeseries_dataset import (
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)

Sequence = PyDataset

__all__ = [
    "Config",
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "load_img",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_history",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

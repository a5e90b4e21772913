from . import autograd as autograd
from . import jax as jax
from . import pytensor as pytensor
from . import scipy as scipy
from . import torch as torch
from .course import check_course as check_course
from .grades import Grades as Grades
from .grades import grade as grade
